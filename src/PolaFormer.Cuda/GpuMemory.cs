namespace PolaFormer.Cuda;

/// <summary>Memory on a GPU, taken and given back in the order of a stream's work.</summary>
public sealed class GpuMemory : IDisposable
{
    private readonly GpuStream _stream;
    private nint _address;

    internal GpuMemory(GpuStream stream, nint address, long bytes) => (_stream, _address, Bytes) = (stream, address, bytes);

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>Where it begins, in the GPU's address space; a multiple of 256.</summary>
    public nint Address => _address != 0 || Bytes == 0 ? _address : throw new ObjectDisposedException(nameof(GpuMemory));

    /// <summary>Gives it back once the stream's work up to here is done.</summary>
    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
            _stream.Free(address);
    }
}
