namespace PolaFormer.Tensors;

/// <summary>One step of stochastic gradient descent for a parameter; weight decay is added to the gradient.</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Momentum">Decay of the velocity; 0 for none.</param>
/// <param name="Nesterov">Whether the step looks ahead along the velocity.</param>
/// <param name="WeightDecay">Fraction of the parameter added to its gradient.</param>
/// <param name="GradientScale">Factor on the gradient, for clipping.</param>
public readonly record struct SgdStep(double LearningRate, double Momentum, bool Nesterov, double WeightDecay, float GradientScale = 1);
