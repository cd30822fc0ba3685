namespace PolaFormer.Training.Optimization;

/// <summary>
/// A straight line from the end of the warm-up to a hundredth of the base rate at total (the authors' LinearLRScheduler, whose
/// end does not follow MIN_LR). It goes on falling after total, below 0: have no cooldown.
/// </summary>
/// <param name="BaseRate">Learning rate that the warm-up reaches.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="WarmupSteps">Steps of linear rise.</param>
/// <param name="TotalSteps">Steps of the whole schedule, warm-up included.</param>
public sealed record LinearSchedule(double BaseRate, double WarmupRate, long WarmupSteps, long TotalSteps)
    : LearningRateSchedule(BaseRate, WarmupRate, WarmupSteps)
{
    private const double LastShare = 0.01;

    /// <inheritdoc/>
    protected override double Decayed(long t) => BaseRate * (1 - ((1 - LastShare) * ((double)(t - WarmupSteps) / (TotalSteps - WarmupSteps))));
}
