namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Times of the fused polarity attention, 8 heads of 64 channels, batch 16, beside the time that its bytes take to copy.</summary>
internal static class PolarityTiming
{
    private const int Batch = 16, Heads = 8, HeadDim = 64;

    public static void Print(GpuStream stream, string type, int[] tokens)
    {
        double rate = CopyRate.Measure(stream);
        Console.WriteLine($"{stream.Gpu.Name}: copy {rate:F3} TB/s");
        StorageType storage = type == "float" ? StorageType.Float : StorageType.BFloat16;
        foreach (int n in tokens)
        {
            using var gpu = new GpuPolarity(stream, storage, Batch, Heads, HeadDim, n, n);
            long count = (long)Batch * n * gpu.Channels;
            ulong number = 0;
            foreach (nint tensor in (nint[])[gpu.Q, gpu.K, gpu.V, gpu.DOut])
                gpu.FillNormal(tensor, count, number++);
            gpu.FillNormal(gpu.Position, (long)n * gpu.Channels, number++, 0.2f);
            gpu.FillFloats(gpu.InverseScale, gpu.Channels, number++, 0.5f, 1);
            gpu.FillFloats(gpu.Power, gpu.Channels, number++, 2, 2);
            float forward = Stopwatch.Median(stream, () => gpu.Forward()), backward = Stopwatch.Median(stream, () => gpu.Backward());
            float both = Stopwatch.Median(stream, () =>
            {
                gpu.Forward();
                gpu.Backward();
            });
            using GpuGraph graph = stream.Capture(() =>
            {
                gpu.Forward();
                gpu.Backward();
            });
            float replayed = Stopwatch.Median(stream, () => stream.Launch(graph));
            // Forward: q, k, v, out. Backward: q, ∂out, ∂q, k, v, ∂k, ∂v.
            double bytes = 11.0 * count * (storage == StorageType.Float ? 4 : 2), floor = bytes / (rate * 1e12) * 1e3;
            Console.WriteLine($"ours {type} N={n} forward {forward:F4} backward {backward:F4} both {both:F4} graph {replayed:F4} ms; copy of the bytes {floor:F4} ms, ratio {replayed / floor:F2}");
            using var profile = new ProfilingQueue(stream);
            for (int i = 0; i < 20; i++)
            {
                gpu.Forward(profile);
                gpu.Backward(profile);
            }

            Console.WriteLine($"  {profile.Summary()}");
        }
    }
}
