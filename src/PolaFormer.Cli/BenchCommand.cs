using System.CommandLine;
using System.Diagnostics;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary><c>bench --model NAME</c>: inference time of a whole model against the matrix-product peak of the same run.</summary>
internal static class BenchCommand
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Description = "Registered architecture.", Required = true };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 1 };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "Weights to measure with." };
        var random = new Option<bool>("--random-weights") { Description = "Measure with freshly drawn weights (the default without --checkpoint)." };
        var seconds = new Option<double>("--seconds") { HelpName = "S", Description = "How long to measure.", DefaultValueFactory = _ => 5 };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("bench", "Measure a model: median time, images/s, memory, share of the matrix-product peak.") { model, batch, checkpoint, random, seconds, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            if (parsed.GetValue(batch) < 1)
                throw new ArgumentException("--batch takes a positive number.");
            Measurement result = Measure(ModelRegistry.Find(parsed.GetValue(model)!), parsed.GetValue(checkpoint), parsed.GetValue(batch), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
            if (parsed.GetValue(json))
                CommonOptions.PrintJson(result.ToJson());
            else
                result.Print();
        });
        return command;
    }

    private static Measurement Measure(ModelEntry entry, string? checkpointPath, int batch, TimeSpan duration)
    {
        VisionModel model = entry.Create();
        if (checkpointPath is null)
        {
            model.Initialize(0);
        }
        else
        {
            using Checkpoint checkpoint = Checkpoint.Open(checkpointPath);
            ModelLoader.LoadStrict(model, checkpoint);
        }

        model.Evaluate();
        Tensor images = Tensor.Full([batch, entry.ImageSize, entry.ImageSize, 3], 0.5f);
        void Forward()
        {
            using (MemoryScope.Enter())
                model.Forward(images);
        }

        MemoryStatistics.ResetPeak();
        List<double> times = Sample(Forward, duration);
        long peakBytes = PeakResidentBytes();
        double gemmPeak = MatrixProductPeak();
        return new Measurement(entry.Name, batch, Workers.ThreadCount, Median(times), times.Min(), 2.0 * ModelSummary.Of(entry).Macs * batch, peakBytes, MemoryStatistics.PeakBytesInUse, gemmPeak);
    }

    // GFLOP/s of the best of three square products on the same threads: the practical limit of the machine.
    private static double MatrixProductPeak() => ((int[])[384, 768, 1536]).Max(size =>
    {
        Tensor a = Tensor.Full([size, size], 0.5f), b = Tensor.Full([size, size], 0.25f);
        List<double> times = Sample(
            () =>
            {
                using (MemoryScope.Enter())
                    a.MatMul(b);
            },
            TimeSpan.FromSeconds(0.5));
        return 2.0 * size * size * size / Median(times) / 1e6;
    });

    private static List<double> Sample(Action action, TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        do
            action();
        while (Stopwatch.GetElapsedTime(start) < WarmUp);

        var times = new List<double>();
        start = Stopwatch.GetTimestamp();
        while (times.Count < 3 || Stopwatch.GetElapsedTime(start) < duration)
        {
            long before = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }

        return times;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static long PeakResidentBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private sealed record Measurement(string Model, int Batch, int Threads, double MedianMs, double MinMs, double Flops, long PeakRssBytes, long PeakTensorBytes, double GemmPeak)
    {
        private double ImagesPerSecond => 1000 * Batch / MedianMs;

        private double Gflops => Flops / MedianMs / 1e6;

        public object ToJson() => new
        {
            model = Model,
            batch = Batch,
            threads = Threads,
            median_ms = MedianMs,
            min_ms = MinMs,
            images_per_second = ImagesPerSecond,
            peak_rss_bytes = PeakRssBytes,
            gflops = Gflops,
            gemm_peak_gflops = GemmPeak,
            times_limit = GemmPeak / Gflops,
        };

        public void Print()
        {
            Console.WriteLine($"{Model}, batch {Batch}, {Threads} threads");
            Console.WriteLine($"  time       {MedianMs:F1} ms median, {MinMs:F1} ms best");
            Console.WriteLine($"  throughput {ImagesPerSecond:F1} images/s");
            Console.WriteLine($"  arithmetic {Gflops:F1} GFLOP/s of {GemmPeak:F1} in the best matrix product ({Gflops / GemmPeak:P0}; {GemmPeak / Gflops:F2} × the limit)");
            Console.WriteLine($"  memory     {PeakRssBytes / 1e6:F0} MB peak of the process, {PeakTensorBytes / 1e6:F0} MB peak of tensors");
        }
    }
}
