using System.Runtime.InteropServices;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors.Tests;

/// <summary>A device whose memory is reached by copies alone; of requests it knows the copy of whole tensors.</summary>
internal sealed unsafe class FarDevice : Device
{
    private readonly Pool _pool;

    public FarDevice() => _pool = new Pool(MemoryStatistics);

    public override string Name => "far";

    internal override Storage Allocate(long bytes)
    {
        var storage = new FarStorage(this, _pool, bytes);
        MemoryScope.Adopt(storage);
        return storage;
    }

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) =>
        Buffer.MemoryCopy(source, Address(destination, offset), bytes, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) =>
        Buffer.MemoryCopy(Address(source, offset), destination, bytes, bytes);

    internal override void Execute(IDeviceCall call)
    {
        if (call is not Tensors.Ops.Convert { X: var x, Y: var y } || x.DType != y.DType)
            throw new NotSupportedException($"{call.Name} has no kernel here.");
        Buffer.MemoryCopy(Address(x.Storage, x.ByteOffset), Address(y.Storage, y.ByteOffset), y.ByteCount, x.ByteCount);
    }

    internal override bool HasKernel(Type call) => false;

    private static byte* Address(Storage storage, long offset) => (byte*)((PooledStorage)storage).Address + offset;

    private sealed class FarStorage(Device device, MemoryPool pool, long bytes) : PooledStorage(device, pool, bytes);

    private sealed class Pool(MemoryStatistics statistics) : MemoryPool(statistics)
    {
        protected override long MaxBytes => 1 << 20;

        protected override nint TryReserve(long capacity) => (nint)NativeMemory.AlignedAlloc((nuint)capacity, 64);

        protected override void Free(nint block) => NativeMemory.AlignedFree((void*)block);

        protected override InsufficientMemoryException Refusal(long bytes) => new($"{bytes} bytes are too many.");
    }
}
