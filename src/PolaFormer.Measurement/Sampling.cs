using System.Diagnostics;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement;

/// <summary>Repeated measurement: warm-up, then as many runs as fit, and their median.</summary>
public static class Sampling
{
    private const int FewestRuns = 3;

    private static readonly TimeSpan s_peakDuration = TimeSpan.FromSeconds(0.4);

    /// <summary>Runs for up to a second without measuring, so that code is compiled and memory is in the pool.</summary>
    public static void WarmUp(Action run, TimeSpan duration)
    {
        TimeSpan limit = duration < TimeSpan.FromSeconds(1) ? duration : TimeSpan.FromSeconds(1);
        long start = Stopwatch.GetTimestamp();
        do
        {
            run();
            Device.Default.Synchronize();
        }
        while (Stopwatch.GetElapsedTime(start) < limit);
    }

    /// <summary>Milliseconds of each run; at least three runs.</summary>
    public static List<double> Times(Action run, TimeSpan duration)
    {
        var times = new List<double>();
        Repeat(() =>
        {
            long before = Stopwatch.GetTimestamp();
            run();
            Device.Default.Synchronize();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }, duration);
        return times;
    }

    /// <summary>Runs until the time is over, at least three times.</summary>
    public static void Repeat(Action run, TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        for (int runs = 0; runs < FewestRuns || Stopwatch.GetElapsedTime(start) < duration; runs++)
            run();
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Collects garbage and starts a new peak, so that memory left over from before is not counted.</summary>
    public static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Device.Default.MemoryStatistics.ResetPeak();
    }

    /// <summary>GFLOP/s of the best of three square products on the same threads: the practical limit of the machine.</summary>
    public static double MatrixProductPeak() => ((int[])[384, 768, 1536]).Max(size =>
    {
        Tensor a = Tensor.Full([size, size], 0.5f), b = Tensor.Full([size, size], 0.25f);
        void Multiply()
        {
            using (MemoryScope.Enter())
                a.MatMul(b);
        }

        WarmUp(Multiply, s_peakDuration);
        return 2.0 * size * size * size / Median(Times(Multiply, s_peakDuration)) / 1e6;
    });

    /// <summary>Largest resident memory of this process so far.</summary>
    public static long PeakResidentBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
