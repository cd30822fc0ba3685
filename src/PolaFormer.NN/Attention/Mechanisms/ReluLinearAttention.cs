using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linear attention with φ(x) = max(x, 0) (the core of EfficientViT, Cai et al., ICCV 2023, https://arxiv.org/abs/2205.14756):
/// y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻⁶), the numerator's features turned by a rotary encoding where there is one; a query
/// without a positive channel gives 0. Time N·C·d, memory N·C.
/// </summary>
public sealed class ReluLinearAttention(AttentionShape shape) : RotaryFeatureAttention(shape)
{
    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => query.Relu();

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => key.Relu();

    /// <inheritdoc/>
    protected override Tensor RotaryFeatures(Tensor tokens) => tokens.Relu();
}
