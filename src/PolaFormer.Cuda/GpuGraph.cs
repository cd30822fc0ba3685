using PolaFormer.Cuda.Driver;

namespace PolaFormer.Cuda;

/// <summary>Work that was captured once and is started as one.</summary>
public sealed class GpuGraph : IDisposable
{
    private readonly Gpu _gpu;
    private readonly IReadOnlyList<PinnedMemory> _sources;
    private nint _graph, _executable;

    // The sources are what the work copies from the host.
    internal GpuGraph(Gpu gpu, nint graph, IReadOnlyList<PinnedMemory> sources)
    {
        (_gpu, _graph, _sources) = (gpu, graph, sources);
        DriverApi.Check(DriverApi.cuGraphInstantiateWithFlags(out _executable, graph, 0), "prepare captured work");
    }

    internal nint Executable => _executable;

    /// <summary>Gives it back.</summary>
    public void Dispose()
    {
        (nint executable, nint graph) = (Interlocked.Exchange(ref _executable, 0), Interlocked.Exchange(ref _graph, 0));
        if (graph == 0)
            return;
        _gpu.Bind();
        DriverApi.Check(DriverApi.cuGraphExecDestroy(executable), "give captured work back");
        DriverApi.Check(DriverApi.cuGraphDestroy(graph), "give captured work back");
        foreach (PinnedMemory source in _sources)
            source.Dispose();
    }
}
