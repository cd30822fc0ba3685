namespace PolaFormer.Training.Optimization;

/// <summary>
/// mmcv's decay by epochs: a tenth of the rate from each of some epochs on, and over the first steps a linear warm-up, which
/// multiplies what the rate would be by 1 − (1 − t/warmup)·(1 − ratio). Step t uses the value of t.
/// </summary>
/// <param name="BaseRate">Learning rate at the start, but for the warm-up.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Epochs">Epochs from which on the rate is lower, counted from 0.</param>
/// <param name="WarmupSteps">Steps of the warm-up; 0 for none.</param>
/// <param name="WarmupRatio">Factor of the first step.</param>
/// <param name="Factor">Factor of the rate at each of the epochs.</param>
public sealed record EpochStepSchedule(double BaseRate, long StepsPerEpoch, IReadOnlyList<int> Epochs, long WarmupSteps = 0, double WarmupRatio = 0.001, double Factor = 0.1)
    : LearningRateSchedule(BaseRate, BaseRate * WarmupRatio, WarmupSteps)
{
    /// <inheritdoc/>
    public override double RateOf(long step) =>
        step < WarmupSteps ? Decayed(step) * (1 - ((1 - ((double)step / WarmupSteps)) * (1 - WarmupRatio))) : Decayed(step);

    /// <inheritdoc/>
    protected override double Decayed(long t) => BaseRate * Math.Pow(Factor, Epochs.Count(epoch => epoch <= t / StepsPerEpoch));
}
