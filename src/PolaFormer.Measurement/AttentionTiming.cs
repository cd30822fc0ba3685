using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement;

/// <summary>Time and memory of one attention, kernel or mechanism: its inputs given, its output asked.</summary>
/// <param name="MedianMs">Median time.</param>
/// <param name="PeakBytes">Largest memory beyond the inputs, output included.</param>
public readonly record struct AttentionTiming(double MedianMs, long PeakBytes)
{
    /// <summary>Measures, the memory first, then the time after a warm-up of half the duration.</summary>
    /// <exception cref="InsufficientMemoryException">There is no room for it.</exception>
    public static AttentionTiming Of(Func<Tensor> attention, TimeSpan duration)
    {
        void Run()
        {
            using (MemoryScope.Enter())
                attention();
        }

        long peak = Device.Default.MemoryStatistics.PeakOf(Run);
        Sampling.WarmUp(Run, duration / 2);
        return new AttentionTiming(Sampling.Median(Sampling.Times(Run, duration)), peak);
    }
}
