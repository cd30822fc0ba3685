namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>A GPU whose kernels are timed one by one where that is asked for.</summary>
internal sealed unsafe class ProfilingRuntime(Gpu gpu) : IGpuRuntime
{
    private readonly GpuRuntime _runtime = new(gpu);
    private ProfilingQueue? _queue;

    public ProfilingQueue Profile => _queue ??= new ProfilingQueue((GpuStream)_runtime.Queue) { IsOn = false };

    public string Name => _runtime.Name;

    public string Place => _runtime.Place;

    public IKernelQueue Queue => Profile;

    public bool IsCapturing => _runtime.IsCapturing;

    public (long Free, long Total) MemoryInfo() => _runtime.MemoryInfo();

    public nint TryAllocate(long bytes) => _runtime.TryAllocate(bytes);

    public void Free(nint address) => _runtime.Free(address);

    public void CopyFromHost(void* source, nint destination, long bytes) => _runtime.CopyFromHost(source, destination, bytes);

    public void CopyToHost(nint source, void* destination, long bytes) => _runtime.CopyToHost(source, destination, bytes);

    public ICapturedWork Capture(Action work) => _runtime.Capture(work);

    public ISideStream NewSideStream() => _runtime.NewSideStream();

    public void ReleaseUnused() => _runtime.ReleaseUnused();

    public void Synchronize() => _runtime.Synchronize();
}
