using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// ReLU linear attention (EfficientViT, Cai et al., ICCV 2023, https://arxiv.org/abs/2205.14756) with PolaFormer++'s positions:
/// φ(x) = max(x, 0). Per head y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻⁶), the numerator's features turned by the rotary encoding;
/// a query without a positive channel gives 0. Time N·C·d, memory N·C.
/// </summary>
public sealed class RotaryReluLinearAttention(AttentionShape shape) : RotaryFeatureAttention(shape)
{
    /// <inheritdoc/>
    protected override Tensor Features(Tensor x) => x.Relu();
}
