using System.Text.Json.Nodes;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary>An inference measurement for people and for programs.</summary>
/// <param name="Result">The figures.</param>
internal sealed record InferenceOutput(InferenceResult Result) : IBenchResult
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
        Console.WriteLine($"{Result.Model}, batch {Result.Batch}, {Result.Threads} threads");
        Console.WriteLine($"  time       {Result.MedianMs:F1} ms median, {Result.MinMs:F1} ms best");
        Console.WriteLine($"  throughput {Result.ImagesPerSecond:F1} images/s");
        Console.WriteLine($"  arithmetic {Result.Gflops:F1} GFLOP/s of {Result.GemmPeak:F1} in the best matrix product ({Result.Gflops / Result.GemmPeak:P0}; {Result.GemmPeak / Result.Gflops:F2} × the limit)");
        Console.WriteLine($"  memory     {Result.PeakRssBytes / 1e6:F0} MB peak of the process, {Result.PeakTensorBytes / 1e6:F0} MB peak of tensors");
        if (Result.Profile is { } profile)
            ProfileOutput.Print(profile);
    }
}
