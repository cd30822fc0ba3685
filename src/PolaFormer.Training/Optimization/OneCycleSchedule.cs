namespace PolaFormer.Training.Optimization;

/// <summary>
/// One cycle (Smith and Topin, 2018) with straight lines, as torch's OneCycleLR has them and the Skyformer repository trains
/// Long Range Arena: the rate rises, then falls to almost nothing by the last step, while β₁ of AdamW falls and rises again.
/// </summary>
/// <param name="BaseRate">Learning rate at the peak.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="MinRate">Learning rate of the last step.</param>
/// <param name="WarmupSteps">Steps until the peak.</param>
/// <param name="TotalSteps">Steps of the whole schedule.</param>
public sealed record OneCycleSchedule(double BaseRate, double WarmupRate, double MinRate, long WarmupSteps, long TotalSteps)
    : LearningRateSchedule(BaseRate, WarmupRate, WarmupSteps)
{
    private const double StartFactor = 25, EndFactor = 1e4;

    /// <summary>β₁ at the start and the end.</summary>
    public double MaxBeta1 { get; init; } = 0.95;

    /// <summary>β₁ at the peak of the rate.</summary>
    public double MinBeta1 { get; init; } = 0.85;

    /// <summary>The schedule with torch's defaults: from a 25th of the peak to a 10 000th of that.</summary>
    /// <param name="peak">Learning rate at the peak.</param>
    /// <param name="warmup">Steps of the rise; the last of them has the peak.</param>
    /// <param name="total">Steps of the whole schedule.</param>
    public static OneCycleSchedule FromPeak(double peak, long warmup, long total) => new(peak, peak / StartFactor, peak / StartFactor / EndFactor, warmup - 1, total);

    /// <summary>Learning rate of a training step, counted from 0: the first step uses the first value.</summary>
    public override double RateOf(long step) => Value(step);

    /// <inheritdoc/>
    public override double? Beta1Of(long step) => step < WarmupSteps
        ? MaxBeta1 + ((MinBeta1 - MaxBeta1) * step / WarmupSteps)
        : MinBeta1 + ((MaxBeta1 - MinBeta1) * Fallen(step));

    /// <inheritdoc/>
    protected override double Decayed(long t) => BaseRate + ((MinRate - BaseRate) * Fallen(t));

    // Part of the way from the peak to the end.
    private double Fallen(long t) => Math.Min(1, (t - WarmupSteps) / (double)Math.Max(1, TotalSteps - 1 - WarmupSteps));
}
