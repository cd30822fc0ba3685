using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>The learned power and scale of polarity attention, in the form that the operator takes.</summary>
/// <param name="Power">(1, heads, 1, d).</param>
/// <param name="Alpha">Range of the exponent.</param>
/// <param name="Scale">(1, 1, C).</param>
internal sealed record PolarityFeatures(Parameter Power, float Alpha, Parameter Scale)
{
    /// <summary>p = 1 + alpha·sigmoid(power), (1, heads, 1, d).</summary>
    public Tensor Exponent() => Power.Sigmoid().Affine(Alpha, 1);

    /// <summary>1 / softplus(scale), (1, 1, C).</summary>
    public Tensor InverseScale() => Scale.Softplus().Reciprocal();
}
