namespace PolaFormer.Cuda;

/// <summary>A GPU with one stream, in which all work of a device is done.</summary>
internal sealed unsafe class GpuRuntime(Gpu gpu) : IGpuRuntime
{
    private readonly GpuStream _stream = gpu.NewStream();
    private readonly Lock _gate = new();
    private Uploads? _uploads;

    public string Name => gpu.ToString();

    public string Place => $"GPU {gpu.Uuid}";

    public IKernelQueue Queue => _stream;

    public bool IsCapturing => _stream.IsCapturing;

    public (long Free, long Total) MemoryInfo() => gpu.MemoryInfo();

    public nint TryAllocate(long bytes) => _stream.TryAllocate(bytes);

    public void Free(nint address) => _stream.Free(address);

    public void CopyFromHost(void* source, nint destination, long bytes)
    {
        if (bytes < Uploads.LeastBytes || _stream.IsCapturing)
        {
            _stream.Write(destination, source, bytes);
            return;
        }

        lock (_gate)
            (_uploads ??= new Uploads(_stream)).Copy(source, destination, bytes);
    }

    public void CopyToHost(nint source, void* destination, long bytes) => _stream.Read(source, destination, bytes);

    public ICapturedWork Capture(Action work) => new CapturedGraph(_stream, _stream.Capture(work));

    public ISideStream NewSideStream() => new GpuSideStream(_stream);

    public void ReleaseUnused()
    {
        _stream.Synchronize();
        gpu.TrimMemory();
    }

    public void Synchronize() => _stream.Synchronize();

    private sealed class CapturedGraph(GpuStream stream, GpuGraph graph) : ICapturedWork
    {
        public void Run() => stream.Launch(graph);

        public void Dispose()
        {
            stream.Synchronize();
            graph.Dispose();
        }
    }
}
