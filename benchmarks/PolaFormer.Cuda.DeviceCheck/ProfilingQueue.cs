namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Hands kernels on to a stream and takes the time of each.</summary>
internal sealed class ProfilingQueue(GpuStream stream) : IKernelQueue, IDisposable
{
    private readonly List<(string Kernel, GpuEvent Start, GpuEvent End)> _launches = [];

    public int Multiprocessors => stream.Multiprocessors;

    public int MostSharedBytes => stream.MostSharedBytes;

    public void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged
    {
        GpuEvent start = new(stream.Gpu), end = new(stream.Gpu);
        stream.Record(start);
        stream.Launch(module, kernel, blocks, threads, sharedBytes, arguments);
        stream.Record(end);
        _launches.Add((kernel, start, end));
    }

    /// <summary>Median milliseconds of the launches of each kernel.</summary>
    public string Summary()
    {
        stream.Synchronize();
        return string.Join(", ", _launches.GroupBy(launch => launch.Kernel).Select(group =>
        {
            float[] times = [.. group.Select(launch => launch.End.MillisecondsSince(launch.Start)).Order()];
            return $"{group.Key} {times[times.Length / 2]:F4}";
        }));
    }

    public void Dispose()
    {
        foreach ((_, GpuEvent start, GpuEvent end) in _launches)
        {
            start.Dispose();
            end.Dispose();
        }
    }
}
