namespace PolaFormer.Tensors;

/// <summary>A parameter that AdamW updates, and what it keeps of it. All tensors have one shape.</summary>
/// <param name="Weight">The parameter, updated.</param>
/// <param name="Gradient">∂L of the parameter.</param>
/// <param name="Mean">Running mean of the gradient, updated; zeros before the first step.</param>
/// <param name="Square">Running mean of its square, updated; zeros before the first step.</param>
/// <param name="LearningRate">Step size.</param>
/// <param name="WeightDecay">Fraction of the parameter, times the step size, taken off before the step.</param>
public readonly record struct AdamWEntry(Tensor Weight, Tensor Gradient, Tensor Mean, Tensor Square, double LearningRate, double WeightDecay)
{
    /// <summary>
    /// Where the rates of the step lie on a device (<see cref="AdamWStep.WriteRates"/>), so that a <see cref="RepeatedPass"/> updates by
    /// those that are written there before each run; null where the device takes them from the request.
    /// </summary>
    public Tensor? Rates { get; init; }
}
