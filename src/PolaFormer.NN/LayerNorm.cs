using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>Layer normalisation over the last dimension.</summary>
public sealed class LayerNorm : Module
{
    private readonly Parameter _weight, _bias;
    private readonly float _eps;

    /// <summary>Makes the layer.</summary>
    /// <param name="features">Extent of the last dimension.</param>
    /// <param name="eps">Added to the variance; PyTorch's default is 1e-5.</param>
    public LayerNorm(int features, float eps = 1e-5f)
    {
        _eps = eps;
        _weight = AddParameter("weight", [features], Initializer.Ones);
        _bias = AddParameter("bias", [features], Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.LayerNorm(_weight, _bias, _eps);
}
