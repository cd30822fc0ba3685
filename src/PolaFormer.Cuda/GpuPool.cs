using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda;

/// <summary>
/// Blocks of a GPU's memory. All work is in one order, so that a block that goes back can be given to the next request while
/// earlier ones still read it.
/// </summary>
internal sealed class GpuPool(IGpuRuntime runtime, MemoryStatistics statistics) : MemoryPool(statistics)
{
    private readonly long _maxBytes = runtime.MemoryInfo().Total;

    protected override long MaxBytes => _maxBytes;

    protected override nint TryReserve(long capacity) => runtime.TryAllocate(capacity);

    protected override void Free(nint block) => runtime.Free(block);

    protected override InsufficientMemoryException Refusal(long bytes)
    {
        runtime.ReleaseUnused();
        (long free, long total) = runtime.MemoryInfo();
        return new InsufficientMemoryException(CudaException.NotEnoughMemory(runtime.Name, bytes, free, total).Message);
    }
}
