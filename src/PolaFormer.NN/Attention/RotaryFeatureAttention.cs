using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Linear attention by a non-negative feature map φ inside PolaFormer++'s layer, to compare attentions and nothing else. Per
/// head, R turning features by the rotary encoding: y = Rφ(q)·((Rφ(k))ᵀv) / (φ(q)·Σφ(k) + ε). As in the polarity attention
/// of PolaFormer++, the normaliser's features are unturned. (B, H, W, C) → (B, H, W, C), time N·C·d and memory N·C for N
/// tokens and d channels a head.
/// </summary>
/// <param name="dim">Channels C.</param>
/// <param name="numHeads">Heads.</param>
/// <param name="rotary">Encoding of C channels, owned by the stage.</param>
public abstract class RotaryFeatureAttention(int dim, int numHeads, RotaryEncoding rotary) : GatedRotaryAttention(dim, numHeads, rotary)
{
    private const float Epsilon = 1e-6f;

    /// <summary>φ of queries or keys, (B, N, C) → (B, N, C).</summary>
    protected abstract Tensor Features(Tensor x);

    /// <inheritdoc/>
    protected sealed override Tensor Attend(Columns query, Columns key, Columns value, Tensor sin, Tensor cos)
    {
        Tensor q = Features(Rows(query)), k = Features(Rows(key));
        Tensor turnedQuery = Heads(Tensor.Rotate(q, sin, cos, NumHeads)), turnedKey = Heads(Tensor.Rotate(k, sin, cos, NumHeads));
        Tensor attended = turnedQuery.MatMul(turnedKey.MatMul(Heads(Rows(value)), transposeA: true)).Permute(0, 2, 1, 3);

        // φ(q)·Σφ(k) of each head, channels in their place: (B, N, heads, 1).
        Tensor products = (q * k.Sum(1, 1, keepDimensions: true)).Reshape(attended.Shape);
        return (attended / (products.Sum(3, 3, keepDimensions: true) + Epsilon)).Reshape(q.Shape);
    }

    // The columns alone, (B, N, C).
    private static Tensor Rows(Columns x) => x.Source.Slice(-1, x.Start, x.Width).Reshape(x.Source.Shape[0], -1, x.Width);

    // (B, N, C) → (B, heads, N, d).
    private Tensor Heads(Tensor x) => x.Reshape(x.Shape[0], x.Shape[1], NumHeads, -1).Permute(0, 2, 1, 3);
}
