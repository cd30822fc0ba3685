namespace PolaFormer.Tensors;

/// <summary>What all parameters of a step of AdamW (Loshchilov and Hutter 2019) share.</summary>
/// <param name="Beta1">Decay of the mean of the gradients.</param>
/// <param name="Beta2">Decay of the mean of their squares.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="GradientScale">Factor on the gradients.</param>
public readonly record struct AdamWStep(double Beta1, double Beta2, double Epsilon, long Step, float GradientScale = 1);
