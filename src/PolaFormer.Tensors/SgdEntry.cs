namespace PolaFormer.Tensors;

/// <summary>A parameter that gradient descent updates, and its velocity. All tensors have one shape.</summary>
/// <param name="Weight">The parameter, updated.</param>
/// <param name="Gradient">∂L of the parameter.</param>
/// <param name="Velocity">Running sum of the gradients, updated; zeros before the first step.</param>
/// <param name="LearningRate">Step size.</param>
/// <param name="WeightDecay">Fraction of the parameter added to its gradient.</param>
public readonly record struct SgdEntry(Tensor Weight, Tensor Gradient, Tensor Velocity, double LearningRate, double WeightDecay)
{
    /// <summary>Floats of <see cref="Rates"/>.</summary>
    public const int RateCount = 2;

    /// <summary>
    /// Where learning rate and weight decay lie on a device, two floats, so that a <see cref="RepeatedPass"/> updates by those that are
    /// written there before each run; null where the device takes them from the request.
    /// </summary>
    public Tensor? Rates { get; init; }
}
