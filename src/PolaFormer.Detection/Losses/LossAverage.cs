using PolaFormer.Tensors;

namespace PolaFormer.Detection.Losses;

/// <summary>mmdetection's way to average losses: the weighted sum over a number given for it, to which float32's precision is added.</summary>
public static class LossAverage
{
    private const float Eps = 1.1920929e-7f;

    /// <summary>The weighted sum over the divisor.</summary>
    public static Tensor Of(Tensor losses, Tensor? weights, float divisor) => Weighted(losses, weights).Sum() * (1 / (divisor + Eps));

    /// <summary>The weighted mean of all elements, those of weight 0 included.</summary>
    public static Tensor Mean(Tensor losses, Tensor? weights = null) => Weighted(losses, weights).Mean();

    private static Tensor Weighted(Tensor losses, Tensor? weights) => weights is null ? losses : losses * weights;
}
