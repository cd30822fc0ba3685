namespace PolaFormer.Tensors;

/// <summary>What all parameters of a step of gradient descent share.</summary>
/// <param name="Momentum">Decay of the velocity; 0 for none.</param>
/// <param name="Nesterov">Whether the step uses the velocity after the update (Nesterov momentum).</param>
/// <param name="GradientScale">Factor on the gradients.</param>
public readonly record struct SgdStep(double Momentum, bool Nesterov, float GradientScale = 1);
