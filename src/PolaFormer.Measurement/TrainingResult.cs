using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Measurement;

/// <summary>Time and memory of a training step: forward, backward, AdamW.</summary>
/// <param name="Model">Architecture.</param>
/// <param name="Batch">Images a step.</param>
/// <param name="Threads">Threads.</param>
/// <param name="MedianMs">Median time of a step.</param>
/// <param name="MinMs">Shortest time.</param>
/// <param name="ManagedBytesPerStep">Bytes that the garbage collector's heap handed out, a step.</param>
/// <param name="OsBytesPerStep">Bytes that the tensors' pool newly took from the operating system, a step.</param>
/// <param name="PeakRssBytes">Largest resident memory of the process.</param>
/// <param name="PeakTensorBytes">Largest memory of the tensors.</param>
/// <param name="Flops">Six times the multiply-accumulates of a forward pass: forward once, backward twice.</param>
/// <param name="GemmPeak">GFLOP/s of the best matrix product.</param>
public sealed record TrainingResult(string Model, int Batch, int Threads, double MedianMs, double MinMs, double ManagedBytesPerStep, double OsBytesPerStep, long PeakRssBytes, long PeakTensorBytes, double Flops, double GemmPeak)
    : SpeedResult(Model, Batch, Threads, MedianMs, MinMs, Flops, PeakRssBytes, PeakTensorBytes, GemmPeak)
{
    /// <summary>Measures.</summary>
    /// <param name="entry">Architecture.</param>
    /// <param name="load">Makes the model with its weights on the default device.</param>
    /// <param name="batch">Images a step.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="profile">Whether to measure again call by call.</param>
    public static TrainingResult Measure(ModelEntry entry, Func<VisionModel> load, int batch, TimeSpan duration, bool profile)
    {
        Func<int, Action> stepOf = NetworkPass.Training(load);
        BatchMemory.Check(batch, entry.ImageSize, stepOf);
        Action step = stepOf(batch);
        Sampling.Settle();
        Sampling.WarmUp(step, duration);

        // The first step allocates gradients, the second the last blocks of the pool.
        step();
        long allocated = GC.GetTotalAllocatedBytes(precise: true), reserved = Device.Default.MemoryStatistics.BytesReserved;
        List<double> times = Sampling.Times(step, duration);
        double managed = (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / times.Count;
        double fromOs = (double)(Device.Default.MemoryStatistics.BytesReserved - reserved) / times.Count;
        long peakBytes = Sampling.PeakResidentBytes(), peakTensorBytes = Device.Default.MemoryStatistics.PeakBytesInUse;
        double gemmPeak = Sampling.MatrixProductPeak();
        return new TrainingResult(entry.Name, batch, Workers.ThreadCount, Sampling.Median(times), times.Min(), managed, fromOs, peakBytes, peakTensorBytes, 6.0 * ModelSummary.Of(entry).Macs * batch, gemmPeak)
        {
            Profile = profile ? Measurement.Profile.Measure(() => NetworkPass.Training(load)(batch), duration, gemmPeak) : null,
        };
    }
}
