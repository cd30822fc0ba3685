using System.Text.Json.Nodes;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary>A measurement of inference or of a training step, for people and for programs.</summary>
/// <param name="Result">The figures.</param>
internal sealed record SpeedOutput(SpeedResult Result) : IBenchResult
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
        });
        if (Result is TrainingResult training)
        {
            json["managed_bytes_per_step"] = training.ManagedBytesPerStep;
            json["os_bytes_per_step"] = training.OsBytesPerStep;
        }

        json["peak_rss_bytes"] = Result.PeakRssBytes;
        json["peak_tensor_bytes"] = Result.PeakTensorBytes;
        json["gflops"] = Result.Gflops;
        json["gemm_peak_gflops"] = Result.GemmPeak;
        json["times_limit"] = Result.GemmPeak / Result.Gflops;
        if (Result.Profile is { } profile)
            json["profile"] = ProfileOutput.ToJson(profile);
        return json;
    }

    public void Print()
    {
        var training = Result as TrainingResult;
        (string kind, string digits, string limit) = training is null ? ("", "F1", "") : (", training step", "F2", ", backward counted as two forward passes");
        Console.WriteLine($"{Result.Model}{kind}, batch {Result.Batch}, {Result.Threads} threads");
        Console.WriteLine($"  time       {Result.MedianMs:F1} ms median, {Result.MinMs:F1} ms best");
        Console.WriteLine($"  throughput {Result.ImagesPerSecond.ToString(digits)} images/s");
        Console.WriteLine($"  arithmetic {Result.Gflops:F1} GFLOP/s of {Result.GemmPeak:F1} in the best matrix product ({Result.Gflops / Result.GemmPeak:P0}; {Result.GemmPeak / Result.Gflops:F2} × the limit{limit})");
        if (training is not null)
            Console.WriteLine($"  a step     {training.ManagedBytesPerStep / 1024:F1} KB of managed memory, {training.OsBytesPerStep:F0} bytes newly taken from the system for tensors");
        Console.WriteLine($"  memory     {Result.PeakRssBytes / 1e6:F0} MB peak of the process, {Result.PeakTensorBytes / 1e6:F0} MB peak of tensors");
        if (Result.Profile is { } profile)
            ProfileOutput.Print(profile);
    }
}
