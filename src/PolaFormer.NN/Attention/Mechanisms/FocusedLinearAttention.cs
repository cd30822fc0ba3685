using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Focused linear attention (FLatten Transformer, Han et al., ICCV 2023, https://arxiv.org/abs/2308.00442;
/// FocusedLinearAttention): φ(x) = uᵖ·‖u‖/‖uᵖ‖ of u = (max(x, 0) + 10⁻⁶)/softplus(scale), lengths over all channels of a
/// token, not those of a head, and a learned positional encoding on the keys. Per head
/// y = φ(q)·(φ(k)ᵀv)/n / (φ(q)·mean φ(k) + 10⁻⁶), plus dwc(v), one depthwise kernel shared by the heads.
/// Time N·C·d, memory N·C. Keys may be fewer, those of a spatial reduction. A rotary encoding turns the numerator's features and
/// replaces the learned one, which is then not added; the normaliser's 10⁻⁶ is not for the mean there.
/// </summary>
public sealed class FocusedLinearAttention : RotaryFeatureAttention
{
    private readonly float _power;
    private readonly int _kernelSize;
    private readonly Parameter _scale;
    private readonly Parameter? _positionalEncoding;
    private readonly DepthwiseConv2d? _convolution;
    private Tensor? _inverseScale;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What it is made for, a grid.</param>
    /// <param name="power">The focusing factor p.</param>
    /// <param name="kernelSize">Side of the convolution's kernel, odd.</param>
    /// <param name="hasEncoding">Whether the keys get a learned encoding of their positions.</param>
    /// <param name="hasConvolution">Whether the convolution of the values is added.</param>
    public FocusedLinearAttention(AttentionShape shape, float power = 3, int kernelSize = 5, bool hasEncoding = true, bool hasConvolution = true)
        : base(shape)
    {
        (_power, _kernelSize) = (power, kernelSize);
        _scale = AddParameter("scale", [1, 1, shape.Dim], Initializer.Zeros);
        _positionalEncoding = hasEncoding ? AddParameter("positional_encoding", [1, shape.KeyTokens, shape.Dim], Initializer.Zeros, StateTraits.Positions) : null;
        _convolution = hasConvolution ? AddChild("dwc", new DepthwiseConv2d(shape.HeadDim, kernelSize)) : null;
    }

    /// <summary>Its place in the registry.</summary>
    public static AttentionEntry Entry { get; } = new("focused", "Focused linear", "Han et al., ICCV 2023", "O(N·d²)", (shape, options) => new FocusedLinearAttention(
        shape, options.Get<float>("factor"), options.Get<int>("kernel"), options.Get<bool>("encoding"), options.Get<bool>("convolution")))
    {
        Options =
        [
            AttentionOption.Number("factor", 3, 0, 64),
            AttentionOption.Integer("kernel", 5, 1, 63),
            AttentionOption.Flag("encoding", true),
            AttentionOption.Flag("convolution", true),
        ],
    };

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Rotary
        | (_convolution is null ? AttentionTraits.Masked : AttentionTraits.Grid)
        | (_positionalEncoding is null ? AttentionTraits.None : AttentionTraits.FixedLength)
        | (_convolution is null && _positionalEncoding is null ? AttentionTraits.PermutationEquivariant : AttentionTraits.None);

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        AttentionCost cost = base.Cost(queries, keys);
        return _convolution is null ? cost : cost with { MultiplyAccumulates = cost.MultiplyAccumulates + ((long)(queries - Shape.PrefixTokens) * Shape.Dim * _kernelSize * _kernelSize) };
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _inverseScale = MemoryScope.OutsideScopes(() => _scale.Softplus().Reciprocal());

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => inputs.Rotary is null && !inputs.IsCausal
        ? Tensor.FocusedAttention(inputs.Query, inputs.Key, inputs.Value, _positionalEncoding, InverseScale(), _power, Shape.NumHeads, inputs.Key.Tokens * Epsilon, inputs.Mask)
        : base.RunMix(inputs);

    // (1, 1, C).
    private Tensor InverseScale() => _inverseScale ?? _scale.Softplus().Reciprocal();

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => Focus(query);

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => Focus(_positionalEncoding is null ? key : key + Heads(_positionalEncoding));

    /// <inheritdoc/>
    protected override Tensor RotaryFeatures(Tensor tokens) => FocusedFeatures.Of(tokens, InverseScale(), _power, squares => squares.Sum(2, keepDimensions: true));

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor weighted, Tensor sums, int keys) => weighted / (sums + (keys * Epsilon));

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs) =>
        _convolution is null ? RunMix(inputs) : AddOnGrid(RunMix(inputs), _convolution.Forward(OnGrid(inputs.Value, inputs)), inputs);

    // (B, heads, N, d) → the same; a token's length is that over its heads, too.
    private Tensor Focus(Tensor x) => FocusedFeatures.Of(
        x, Heads(InverseScale()), _power, squares => squares.Sum([1, 3], keepDimensions: true));
}
