using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// ReLU linear attention (EfficientViT, Cai et al., ICCV 2023, https://arxiv.org/abs/2205.14756) in PolaFormer++'s layer:
/// φ(x) = max(x, 0). Per head y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻⁶), the numerator's features turned by the rotary encoding;
/// a query without a positive channel gives 0. (B, H, W, C) → (B, H, W, C), time N·C·d for N tokens and d channels a head.
/// </summary>
/// <param name="dim">Channels C.</param>
/// <param name="numHeads">Heads.</param>
/// <param name="rotary">Encoding of C channels, owned by the stage.</param>
public sealed class RotaryReluLinearAttention(int dim, int numHeads, RotaryEncoding rotary) : RotaryFeatureAttention(dim, numHeads, rotary)
{
    /// <inheritdoc/>
    protected override Tensor Features(Tensor x) => x.Relu();
}
