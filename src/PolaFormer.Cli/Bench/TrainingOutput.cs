using System.Text.Json.Nodes;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary>A training step's measurement for people and for programs.</summary>
/// <param name="Result">The figures.</param>
internal sealed record TrainingOutput(TrainingResult Result) : IBenchResult
{
    public JsonObject ToJson()
    {
        JsonObject json = Json.Object(new
        {
            model = Result.Model,
            batch = Result.Batch,
            threads = Result.Threads,
            median_ms = Result.MedianMs,
            min_ms = Result.MinMs,
            images_per_second = Result.ImagesPerSecond,
            managed_bytes_per_step = Result.ManagedBytesPerStep,
            os_bytes_per_step = Result.OsBytesPerStep,
            peak_rss_bytes = Result.PeakRssBytes,
            peak_tensor_bytes = Result.PeakTensorBytes,
            gflops = Result.Gflops,
            gemm_peak_gflops = Result.GemmPeak,
            times_limit = Result.GemmPeak / Result.Gflops,
        });
        if (Result.Profile is { } profile)
            json["profile"] = ProfileOutput.ToJson(profile);
        return json;
    }

    public void Print()
    {
        Console.WriteLine($"{Result.Model}, training step, batch {Result.Batch}, {Result.Threads} threads");
        Console.WriteLine($"  time       {Result.MedianMs:F1} ms median, {Result.MinMs:F1} ms best");
        Console.WriteLine($"  throughput {Result.ImagesPerSecond:F2} images/s");
        Console.WriteLine($"  arithmetic {Result.Gflops:F1} GFLOP/s of {Result.GemmPeak:F1} in the best matrix product ({Result.Gflops / Result.GemmPeak:P0}; {Result.GemmPeak / Result.Gflops:F2} × the limit, backward counted as two forward passes)");
        Console.WriteLine($"  a step     {Result.ManagedBytesPerStep / 1024:F1} KB of managed memory, {Result.OsBytesPerStep:F0} bytes newly taken from the system for tensors");
        Console.WriteLine($"  memory     {Result.PeakRssBytes / 1e6:F0} MB peak of the process, {Result.PeakTensorBytes / 1e6:F0} MB peak of tensors");
        if (Result.Profile is { } profile)
            ProfileOutput.Print(profile);
    }
}
