namespace PolaFormer.Tensors;

/// <summary>One step of AdamW (Loshchilov and Hutter 2019) for a parameter.</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the mean of the gradients.</param>
/// <param name="Beta2">Decay of the mean of their squares.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Fraction of the parameter, times the step size, taken off before the step.</param>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="GradientScale">Factor on the gradient, for clipping.</param>
public readonly record struct AdamWStep(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, long Step, float GradientScale = 1);
