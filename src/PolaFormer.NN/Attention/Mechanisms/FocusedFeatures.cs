using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>The focusing map of FLatten Transformer: it turns a token's features towards the largest and keeps their length.</summary>
internal static class FocusedFeatures
{
    private const float Shift = 1e-6f;

    /// <summary>φ(x) = uᵖ·‖u‖/‖uᵖ‖ of u = (max(x, 0) + 10⁻⁶)/scale.</summary>
    /// <param name="x">Queries or keys.</param>
    /// <param name="inverseScale">1 / scale, laid out as x.</param>
    /// <param name="power">p.</param>
    /// <param name="sum">Sums over all channels of a token, keeping the dimensions.</param>
    public static Tensor Of(Tensor x, Tensor inverseScale, float power, Func<Tensor, Tensor> sum)
    {
        Tensor u = (x.Relu() + Shift) * inverseScale;

        // The direction first: (10⁻⁶)³ squared would leave float32, and no direction's cube is shorter than 1/C.
        Tensor length = Length(u), direction = u / length;
        Tensor raised = power == 3 ? direction.Apply(UnaryFunction.Square) * direction : direction.Pow(Tensor.Full([1], power, direction.Device));
        return raised * (length / Length(raised));

        Tensor Length(Tensor vectors) => sum(vectors.Apply(UnaryFunction.Square)).Sqrt();
    }
}
