using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training.Tests;

/// <summary>The processor behind a device that says that it computes while the program goes on, and counts how often it is waited for.</summary>
internal sealed unsafe class LateDevice : Device
{
    private readonly HostPool _pool;

    public LateDevice() => _pool = new HostPool(MemoryStatistics);

    /// <summary>Times that values were read.</summary>
    public int Reads { get; private set; }

    public override string Name => "late";

    public override bool IsAsynchronous => true;

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
