using PolaFormer.Cuda.Requests;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>
/// A device that carries out every request as a GPU does, with its kernels as fibres: whole operators, gradients and networks run
/// on the kernels without a GPU. Its memory is its own; others reach it by copies alone.
/// </summary>
internal sealed unsafe class FibreDevice : Device
{
    private readonly FibreQueue _queue;
    private readonly HostPool _pool;

    public FibreDevice(uint order, int multiprocessors = 2)
    {
        _queue = new FibreQueue(order, multiprocessors);
        _pool = new HostPool(MemoryStatistics);
    }

    public override string Name => "fibres";

    internal override bool SavesAttention => true;

    internal override Storage Allocate(long bytes)
    {
        var storage = new HostStorage(this, _pool, bytes);
        MemoryScope.Adopt(storage);
        return storage;
    }

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) =>
        Buffer.MemoryCopy(source, (byte*)((HostStorage)destination).Pointer + offset, bytes, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) =>
        Buffer.MemoryCopy((byte*)((HostStorage)source).Pointer + offset, destination, bytes, bytes);

    internal override void Execute(IDeviceCall call) => RequestTable.Default.Run(new KernelContext(_queue, this), call);

    internal override bool HasKernel(Type call) => RequestTable.Default.Has(call);

    internal override long? StateLength(Type call, in AttentionExtents extents, long processors) => AttentionRequests.StateLength(call, extents);
}
