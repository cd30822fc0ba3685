using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// The learned feature map of Hedgehog (src/model/feature_map.py of HazyResearch/lolcats): with one matrix a head,
/// φ(x) = [a(x·W), a(−x·W)], at least 10⁻¹². (B, heads, N, d) → (B, heads, N, 2·f).
/// </summary>
public sealed class HedgehogFeatures : Module
{
    private const float Least = 1e-12f;

    private readonly HedgehogActivation _activation;
    private readonly bool _addsInput;
    private readonly Parameter _weight;

    /// <summary>Makes the map.</summary>
    /// <param name="numHeads">Heads.</param>
    /// <param name="headDim">Channels of a head, d.</param>
    /// <param name="features">Projections f; half of the features.</param>
    /// <param name="activation">a.</param>
    /// <param name="addsInput">Whether x is added to x·W; f is d then.</param>
    public HedgehogFeatures(int numHeads, int headDim, int features, HedgehogActivation activation, bool addsInput)
    {
        if (addsInput && features != headDim)
            throw new ArgumentException($"Inputs of {headDim} channels cannot be added to {features} features.", nameof(addsInput));
        (_activation, _addsInput) = (activation, addsInput);
        _weight = AddParameter("mlp.layer", [numHeads, headDim, features], Initializer.UniformFanIn(headDim));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        (int batch, int heads, int tokens, int features) = (x.Shape[0], x.Shape[1], x.Shape[2], _weight.Shape[2]);
        Tensor projected = x.Permute(1, 0, 2, 3).Reshape(heads, batch * tokens, -1).MatMul(_weight).Reshape(heads, batch, tokens, features).Permute(1, 0, 2, 3);
        if (_addsInput)
            projected += x;
        Tensor both = Tensor.Concat(3, Activate(projected), Activate(projected * -1));
        return (both - Least).Relu() + Least;
    }

    private Tensor Activate(Tensor x) =>
        _activation == HedgehogActivation.Softmax ? x.Softmax() : (x - x.Max(3, keepDimensions: true)).Exp();
}
