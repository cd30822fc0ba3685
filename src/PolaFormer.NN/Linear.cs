using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>y = act(x·Wᵀ + b) over the last dimension: (…, in) → (…, out).</summary>
public sealed class Linear : Module
{
    private readonly Activation _activation;

    /// <summary>Makes the layer.</summary>
    /// <param name="inFeatures">Input width.</param>
    /// <param name="outFeatures">Output width.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="initialization">Start of the weight and bias; PyTorch's uniform default where null.</param>
    /// <param name="activation">Applied to the result.</param>
    public Linear(int inFeatures, int outFeatures, bool bias = true, (Initializer Weight, Initializer Bias)? initialization = null, Activation activation = Activation.None)
    {
        _activation = activation;
        Initializer fanIn = Initializer.UniformFanIn(inFeatures);
        Weight = AddParameter("weight", [outFeatures, inFeatures], initialization?.Weight ?? fanIn);
        Bias = bias ? AddParameter("bias", [outFeatures], initialization?.Bias ?? fanIn) : null;
    }

    /// <summary>Truncated normal weight and zero bias: what PVT, Swin and DeiT start linear layers from.</summary>
    public static (Initializer Weight, Initializer Bias) TransformerInitialization => (Initializer.TruncatedNormal, Initializer.Zeros);

    /// <summary>W, (out, in).</summary>
    public Parameter Weight { get; }

    /// <summary>b, (out); null without.</summary>
    public Parameter? Bias { get; }

    /// <summary>Output width.</summary>
    public int OutFeatures => Weight.Shape[0];

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.Linear(Weight, Bias, _activation);

    /// <inheritdoc/>
    protected override Tensor RunOnto(Tensor residual, Tensor x) =>
        _activation == Activation.None ? x.Linear(Weight, Bias, residual: residual) : base.RunOnto(residual, x);

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => Weight.PackForInference();
}
