namespace PolaFormer.Training.Optimization;

/// <summary>The course of the learning rate, moved after every step, as timm's schedulers with the authors' settings: a linear rise, then a decay that the rise does not shift in time.</summary>
/// <param name="BaseRate">Learning rate that the warm-up reaches.</param>
/// <param name="WarmupRate">Learning rate at the start.</param>
/// <param name="WarmupSteps">Steps of linear rise.</param>
public abstract record LearningRateSchedule(double BaseRate, double WarmupRate, long WarmupSteps)
{
    /// <summary>Value after <paramref name="t"/> updates of the schedule.</summary>
    public double Value(long t) => t < WarmupSteps ? WarmupRate + (t * ((BaseRate - WarmupRate) / WarmupSteps)) : Decayed(t);

    /// <summary>Learning rate of a training step, counted from 0: the schedule moves after the step, so steps 0 and 1 both use Value(0).</summary>
    public virtual double RateOf(long step) => Value(Math.Max(step - 1, 0));

    /// <summary>AdamW's β₁ of a training step, counted from 0, where the schedule moves it; null where it stays.</summary>
    public virtual double? Beta1Of(long step) => null;

    /// <summary>Value after the warm-up.</summary>
    protected abstract double Decayed(long t);
}
