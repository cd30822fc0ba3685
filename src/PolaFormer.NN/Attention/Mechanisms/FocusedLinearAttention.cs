using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Focused linear attention (FLatten Transformer, Han et al., ICCV 2023, https://arxiv.org/abs/2308.00442;
/// FocusedLinearAttention): φ(x) = uᵖ·‖u‖/‖uᵖ‖ of u = (max(x, 0) + 10⁻⁶)/softplus(scale), lengths over all channels of a
/// token, not those of a head, and a learned positional encoding on the keys. Per head
/// y = φ(q)·(φ(k)ᵀv)/n / (φ(q)·mean φ(k) + 10⁻⁶), plus dwc(v), one depthwise kernel shared by the heads.
/// Time N·C·d, memory N·C. Keys may be fewer, those of a spatial reduction.
/// </summary>
public sealed class FocusedLinearAttention : FeatureMapAttention
{
    private readonly float _power;
    private readonly int _kernelSize;
    private readonly Parameter _scale, _positionalEncoding;
    private readonly DepthwiseConv2d _convolution;
    private Tensor? _inverseScale;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What it is made for, a grid.</param>
    /// <param name="power">The focusing factor p.</param>
    /// <param name="kernelSize">Side of the convolution's kernel, odd.</param>
    public FocusedLinearAttention(AttentionShape shape, float power = 3, int kernelSize = 5)
        : base(shape)
    {
        (_power, _kernelSize) = (power, kernelSize);
        _scale = AddParameter("scale", [1, 1, shape.Dim], Initializer.Zeros);
        _positionalEncoding = AddParameter("positional_encoding", [1, shape.KeyTokens, shape.Dim], Initializer.Zeros, StateTraits.Positions);
        _convolution = AddChild("dwc", new DepthwiseConv2d(shape.HeadDim, kernelSize));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Grid | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    protected override int FeatureDim => Shape.HeadDim;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        AttentionCost cost = base.Cost(queries, keys);
        return cost with { MultiplyAccumulates = cost.MultiplyAccumulates + ((long)(queries - Shape.PrefixTokens) * Shape.Dim * _kernelSize * _kernelSize) };
    }

    /// <inheritdoc/>
    protected override void OnFreeze() => _inverseScale = MemoryScope.OutsideScopes(InverseScale);

    // (1, heads, 1, d).
    private Tensor InverseScale() => Heads(_scale.Softplus().Reciprocal());

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => Focus(query);

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => Focus(key + Heads(_positionalEncoding));

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor weighted, Tensor sums, int keys) => weighted / (sums + (keys * Epsilon));

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs) => AddOnGrid(RunMix(inputs), _convolution.Forward(OnGrid(inputs.Value, inputs)), inputs);

    // (B, heads, N, d) → the same; a token's length is that over its heads, too.
    private Tensor Focus(Tensor x) => FocusedFeatures.Of(
        x, _inverseScale ?? InverseScale(), _power, squares => squares.Sum(3, keepDimensions: true).Sum(1, 1, keepDimensions: true));
}
