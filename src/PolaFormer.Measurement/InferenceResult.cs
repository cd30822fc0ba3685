using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Measurement;

/// <summary>Inference time of a whole model against the matrix-product peak of the same run.</summary>
/// <param name="Model">Architecture.</param>
/// <param name="Batch">Images at a time.</param>
/// <param name="Threads">Threads.</param>
/// <param name="MedianMs">Median time of a forward pass.</param>
/// <param name="MinMs">Shortest time.</param>
/// <param name="Flops">Twice the multiply-accumulates of a forward pass.</param>
/// <param name="PeakRssBytes">Largest resident memory of the process.</param>
/// <param name="PeakTensorBytes">Largest memory of the tensors.</param>
/// <param name="GemmPeak">GFLOP/s of the best matrix product.</param>
public sealed record InferenceResult(string Model, int Batch, int Threads, double MedianMs, double MinMs, double Flops, long PeakRssBytes, long PeakTensorBytes, double GemmPeak)
    : SpeedResult(Model, Batch, Threads, MedianMs, MinMs, Flops, PeakRssBytes, PeakTensorBytes, GemmPeak)
{
    /// <summary>Measures.</summary>
    /// <param name="entry">Architecture.</param>
    /// <param name="load">Makes the model with its weights on the default device.</param>
    /// <param name="batch">Images at a time.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="profile">Whether to measure again call by call.</param>
    public static InferenceResult Measure(ModelEntry entry, Func<VisionModel> load, int batch, TimeSpan duration, bool profile)
    {
        Func<int, Action> forwardOf = NetworkPass.Inference(load);
        BatchMemory.Check(batch, entry.ImageSize, forwardOf);
        Action forward = forwardOf(batch);
        Sampling.Settle();
        Sampling.WarmUp(forward, duration);
        List<double> times = Sampling.Times(forward, duration);
        long peakBytes = Sampling.PeakResidentBytes(), peakTensorBytes = Device.Default.MemoryStatistics.PeakBytesInUse;
        double gemmPeak = Sampling.MatrixProductPeak();
        return new InferenceResult(entry.Name, batch, Workers.ThreadCount, Sampling.Median(times), times.Min(), 2.0 * ModelSummary.Of(entry).Macs * batch, peakBytes, peakTensorBytes, gemmPeak)
        {
            Profile = profile ? Measurement.Profile.Measure(() => NetworkPass.Inference(load)(batch), duration, gemmPeak) : null,
        };
    }
}
