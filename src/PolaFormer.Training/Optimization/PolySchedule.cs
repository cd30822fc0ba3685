namespace PolaFormer.Training.Optimization;

/// <summary>
/// mmcv's polynomial decay by iteration, (base − min)·(1 − t/steps)^power + min, whose first steps a linear warm-up multiplies by
/// 1 − (1 − t/warmup)·(1 − ratio). Step t uses the value of t.
/// </summary>
/// <param name="BaseRate">Learning rate at the start, but for the warm-up.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Power">Exponent of the decay.</param>
/// <param name="MinRate">Learning rate at the end.</param>
/// <param name="WarmupSteps">Steps of the warm-up; 0 for none.</param>
/// <param name="WarmupRatio">Factor of the first step.</param>
public sealed record PolySchedule(double BaseRate, long Steps, double Power = 1, double MinRate = 0, long WarmupSteps = 0, double WarmupRatio = 0.1)
    : LearningRateSchedule(BaseRate, BaseRate * WarmupRatio, WarmupSteps)
{
    /// <inheritdoc/>
    public override double RateOf(long step) =>
        step < WarmupSteps ? Decayed(step) * (1 - ((1 - ((double)step / WarmupSteps)) * (1 - WarmupRatio))) : Decayed(step);

    /// <inheritdoc/>
    protected override double Decayed(long t) => ((BaseRate - MinRate) * Math.Pow(1 - ((double)Math.Min(t, Steps) / Steps), Power)) + MinRate;
}
