namespace PolaFormer.Tensors;

/// <summary>A parameter that gradient descent updates, and its velocity. All tensors have one shape.</summary>
/// <param name="Weight">The parameter, updated.</param>
/// <param name="Gradient">∂L of the parameter.</param>
/// <param name="Velocity">Running sum of the gradients, updated; zeros before the first step.</param>
/// <param name="LearningRate">Step size.</param>
/// <param name="WeightDecay">Fraction of the parameter added to its gradient.</param>
public readonly record struct SgdEntry(Tensor Weight, Tensor Gradient, Tensor Velocity, double LearningRate, double WeightDecay);
