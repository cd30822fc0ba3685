namespace PolaFormer.Training.Optimization;

/// <summary>Half a cosine, min + (base − min)·(1 + cos(π·t / total)) / 2, and min from total on.</summary>
/// <param name="BaseRate">Learning rate that the warm-up reaches.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="MinRate">Learning rate at the end.</param>
/// <param name="WarmupSteps">Steps of linear rise.</param>
/// <param name="TotalSteps">Steps of the whole schedule, warm-up included.</param>
public sealed record CosineSchedule(double BaseRate, double WarmupRate, double MinRate, long WarmupSteps, long TotalSteps)
    : LearningRateSchedule(BaseRate, WarmupRate, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double Decayed(long t) => t < TotalSteps ? MinRate + (0.5 * (BaseRate - MinRate) * (1 + Math.Cos(Math.PI * t / TotalSteps))) : MinRate;
}
