using PolaFormer.Cuda.Driver;

namespace PolaFormer.Cuda;

/// <summary>Memory of the host that stays where it is, so that copies to and from a GPU run beside other work.</summary>
public sealed unsafe class PinnedMemory : IDisposable
{
    private readonly Gpu _gpu;
    private nint _address;

    /// <summary>Takes memory.</summary>
    public PinnedMemory(Gpu gpu, long bytes)
    {
        (_gpu, Bytes) = (gpu, bytes);
        gpu.Bind();
        DriverApi.Check(DriverApi.cuMemHostAlloc(out _address, (nuint)bytes, 0), $"pin {bytes} bytes of the host's memory");
    }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>The content.</summary>
    public Span<byte> Span => new((void*)_address, checked((int)Bytes));

    /// <summary>Gives it back; copies from and to it must be over.</summary>
    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address == 0)
            return;
        _gpu.Bind();
        DriverApi.Check(DriverApi.cuMemFreeHost(address), "give pinned memory back");
    }
}
