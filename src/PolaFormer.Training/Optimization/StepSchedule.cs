namespace PolaFormer.Training.Optimization;

/// <summary>The base rate times a factor for every interval that has passed since the start of the run: base·rate^⌊t / interval⌋.</summary>
/// <param name="BaseRate">Learning rate that the warm-up reaches.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="WarmupSteps">Steps of linear rise.</param>
/// <param name="DecaySteps">Steps of an interval.</param>
/// <param name="DecayRate">The factor.</param>
public sealed record StepSchedule(double BaseRate, double WarmupRate, long WarmupSteps, long DecaySteps, double DecayRate)
    : LearningRateSchedule(BaseRate, WarmupRate, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double Decayed(long t) => BaseRate * Math.Pow(DecayRate, t / DecaySteps);
}
