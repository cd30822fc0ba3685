using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>y = x·Wᵀ + b over the last dimension: (…, in) → (…, out).</summary>
public sealed class Linear : Module
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    /// <summary>Makes the layer.</summary>
    /// <param name="inFeatures">Input width.</param>
    /// <param name="outFeatures">Output width.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="initialization">Start of the weight and bias; PyTorch's uniform default where null.</param>
    public Linear(int inFeatures, int outFeatures, bool bias = true, (Initializer Weight, Initializer Bias)? initialization = null)
    {
        Initializer fanIn = Initializer.UniformFanIn(inFeatures);
        _weight = AddParameter("weight", [outFeatures, inFeatures], initialization?.Weight ?? fanIn);
        _bias = bias ? AddParameter("bias", [outFeatures], initialization?.Bias ?? fanIn) : null;
    }

    /// <summary>Truncated normal weight and zero bias: what PVT, Swin and DeiT start linear layers from.</summary>
    public static (Initializer Weight, Initializer Bias) TransformerInitialization => (Initializer.TruncatedNormal, Initializer.Zeros);

    /// <summary>Output width.</summary>
    public int OutFeatures => _weight.Shape[0];

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.Linear(_weight, _bias);
}
