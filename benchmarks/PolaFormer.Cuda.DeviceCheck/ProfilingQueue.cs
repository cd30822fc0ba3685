using PolaFormer.Cuda.Products;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Hands kernels and products on to a stream and, while it is on, takes the time of each.</summary>
internal sealed class ProfilingQueue(GpuStream stream) : IKernelQueue, IDisposable
{
    private readonly List<(string Kernel, GpuEvent Start, GpuEvent End)> _launches = [];
    private ProductShape? _product;

    /// <summary>Whether times are taken.</summary>
    public bool IsOn { get; set; } = true;

    public int Multiprocessors => stream.Multiprocessors;

    public int MostSharedBytes => stream.MostSharedBytes;

    public void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged
    {
        if (!IsOn)
        {
            stream.Launch(module, kernel, blocks, threads, sharedBytes, arguments);
            return;
        }

        string name = module == "product" && _product is { } shape ? Describe(kernel, shape) : kernel;
        (GpuEvent start, GpuEvent end) = Begin();
        stream.Launch(module, kernel, blocks, threads, sharedBytes, arguments);
        stream.Record(end);
        _launches.Add((name, start, end));
    }

    bool IKernelQueue.TryMultiply(in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y)
    {
        IKernelQueue queue = stream;
        if (!IsOn)
            return queue.TryMultiply(shape, a, b, bias, addend, y);
        _product = shape;
        (GpuEvent start, GpuEvent end) = Begin();
        bool isDone = queue.TryMultiply(shape, a, b, bias, addend, y);
        stream.Record(end);
        if (isDone)
            _launches.Add((Describe("library", shape), start, end));
        return isDone;
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

    /// <summary>Kernels with their launches and milliseconds, the longest first.</summary>
    public IReadOnlyList<(string Kernel, int Launches, double Milliseconds)> Totals()
    {
        stream.Synchronize();
        return [.. _launches.GroupBy(launch => launch.Kernel)
            .Select(group => (group.Key, group.Count(), group.Sum(launch => (double)launch.End.MillisecondsSince(launch.Start))))
            .OrderByDescending(total => total.Item3)];
    }

    public void Dispose()
    {
        foreach ((_, GpuEvent start, GpuEvent end) in _launches)
        {
            start.Dispose();
            end.Dispose();
        }

        _launches.Clear();
    }

    private static string Describe(string kernel, in ProductShape shape) =>
        $"{kernel} {shape.M}x{shape.N}x{shape.K}{(shape.Batch > 1 ? $" x{shape.Batch}" : "")}{(shape.Activation == 0 ? "" : $" {shape.Activation}")}";

    private (GpuEvent Start, GpuEvent End) Begin()
    {
        GpuEvent start = new(stream.Gpu), end = new(stream.Gpu);
        stream.Record(start);
        return (start, end);
    }
}
