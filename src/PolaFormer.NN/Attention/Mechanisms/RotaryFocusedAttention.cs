using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Focused linear attention (FLatten Transformer, Han et al., ICCV 2023, https://arxiv.org/abs/2308.00442; the authors'
/// FocusedLinearAttention) with PolaFormer++'s positions: φ(x) = u³·‖u‖/‖u³‖ of u = (max(x, 0) + 10⁻⁶)/softplus(scale), powers by
/// channel, lengths over all channels of a token, not those of a head. Per head
/// y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻⁶), the numerator's features turned by the rotary encoding, which stands in for
/// the original's positional encoding. Time N·C·d, memory N·C.
/// </summary>
public sealed class RotaryFocusedAttention : RotaryFeatureAttention
{
    private readonly Parameter _scale;
    private Tensor? _inverseScale;

    /// <summary>Makes the mechanism.</summary>
    public RotaryFocusedAttention(AttentionShape shape)
        : base(shape) => _scale = AddParameter("scale", [1, 1, shape.Dim], Initializer.Zeros);

    /// <inheritdoc/>
    protected override void OnFreeze() => _inverseScale = MemoryScope.OutsideScopes(InverseScale);

    private Tensor InverseScale() => _scale.Softplus().Reciprocal();

    /// <inheritdoc/>
    protected override Tensor Features(Tensor x) => FocusedFeatures.Of(x, _inverseScale ?? InverseScale(), 3, squares => squares.Sum(2, 2, keepDimensions: true));
}
