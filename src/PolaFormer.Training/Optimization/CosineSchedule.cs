namespace PolaFormer.Training.Optimization;

/// <summary>
/// timm's cosine schedule as the authors use it: t &lt; warmup: start + t·(base − start) / warmup; then
/// min + (base − min)·(1 + cos(π·t / total)) / 2, not shifted by the warm-up; min from total on.
/// </summary>
/// <param name="BaseRate">Learning rate that the warm-up reaches.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="MinRate">Learning rate at the end.</param>
/// <param name="WarmupSteps">Steps of linear rise.</param>
/// <param name="TotalSteps">Steps of the whole schedule, warm-up included.</param>
public sealed record CosineSchedule(double BaseRate, double WarmupRate, double MinRate, long WarmupSteps, long TotalSteps)
{
    /// <summary>Value after <paramref name="t"/> updates of the schedule.</summary>
    public double Value(long t)
    {
        if (t < WarmupSteps)
            return WarmupRate + (t * ((BaseRate - WarmupRate) / WarmupSteps));
        return t < TotalSteps ? MinRate + (0.5 * (BaseRate - MinRate) * (1 + Math.Cos(Math.PI * t / TotalSteps))) : MinRate;
    }

    /// <summary>Learning rate of a training step, counted from 0: the schedule moves after the step, so steps 0 and 1 both use Value(0).</summary>
    public double RateOf(long step) => Value(Math.Max(step - 1, 0));
}
