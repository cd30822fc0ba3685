using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda;

/// <summary>
/// Blocks of a GPU's memory. All work is in one order, so that a block that goes back can be given to the next request while
/// earlier ones still read it.
/// </summary>
/// <param name="runtime">Has the memory.</param>
/// <param name="statistics">Counts it.</param>
/// <param name="beside">Another pool, whose unused blocks make room for new ones here.</param>
internal sealed class GpuPool(IGpuRuntime runtime, MemoryStatistics statistics, GpuPool? beside = null) : MemoryPool(statistics)
{
    private readonly long _maxBytes = runtime.MemoryInfo().Total;

    protected override long MaxBytes => _maxBytes;

    protected override nint TryReserve(long capacity)
    {
        if (runtime.IsCapturing)
            throw new InvalidOperationException("It takes memory that it did not take in the runs before.");
        nint block = runtime.TryAllocate(capacity);
        if (block != 0 || beside is null)
            return block;
        beside.Trim();
        return runtime.TryAllocate(capacity);
    }

    protected override void Free(nint block) => runtime.Free(block);

    protected override InsufficientMemoryException Refusal(long bytes)
    {
        runtime.ReleaseUnused();
        (long free, long total) = runtime.MemoryInfo();
        return new InsufficientMemoryException(CudaException.NotEnoughMemory(runtime.Name, bytes, free, total).Message);
    }
}
