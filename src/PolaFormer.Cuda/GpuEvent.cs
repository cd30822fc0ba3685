using PolaFormer.Cuda.Driver;

namespace PolaFormer.Cuda;

/// <summary>A mark in a stream's work, for waiting and for measuring time.</summary>
public sealed class GpuEvent : IDisposable
{
    private readonly Gpu _gpu;
    private nint _handle;

    /// <summary>An event that nothing has recorded.</summary>
    public GpuEvent(Gpu gpu)
    {
        _gpu = gpu;
        gpu.Bind();
        DriverApi.Check(DriverApi.cuEventCreate(out _handle, 0), "make an event");
    }

    internal nint Handle => _handle;

    /// <summary>Waits until the work before it is done.</summary>
    public void Synchronize()
    {
        _gpu.Bind();
        DriverApi.Check(DriverApi.cuEventSynchronize(_handle), "finish its work");
    }

    /// <summary>Milliseconds from another event to this one; both must be over.</summary>
    public float MillisecondsSince(GpuEvent start)
    {
        _gpu.Bind();
        DriverApi.Check(DriverApi.cuEventElapsedTime(out float milliseconds, start._handle, _handle), "tell a time");
        return milliseconds;
    }

    /// <summary>Gives it back.</summary>
    public void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0)
            return;
        _gpu.Bind();
        DriverApi.Check(DriverApi.cuEventDestroy_v2(handle), "give an event back");
    }
}
