using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Tests;

/// <summary>The processor as a device of its own: operators take no tensors of another device, and reads of values are counted.</summary>
internal sealed unsafe class SeparateDevice : Device
{
    private readonly HostPool _pool;

    public SeparateDevice() => _pool = new HostPool(MemoryStatistics);

    /// <summary>Times that values were read.</summary>
    public int Reads { get; private set; }

    public override string Name => "separate";

    internal override Storage Allocate(long bytes)
    {
        var storage = new HostStorage(this, _pool, bytes);
        MemoryScope.Adopt(storage);
        return storage;
    }

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) => Cpu.CopyFromHost(source, destination, offset, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes)
    {
        Reads++;
        Cpu.CopyToHost(source, offset, destination, bytes);
    }

    internal override void Execute(IDeviceCall call) => call.OnCpu();

    internal override bool HasKernel(Type call) => true;
}
