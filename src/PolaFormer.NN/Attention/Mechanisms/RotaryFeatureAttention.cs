using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linear attention by a non-negative feature map φ with PolaFormer++'s positions, to compare attentions and nothing else. Per
/// head, R turning features by the rotary encoding: y = Rφ(q)·((Rφ(k))ᵀv) / (φ(q)·Σφ(k) + ε). As in the polarity attention
/// of PolaFormer++, the normaliser's features are unturned. Time N·C·d, memory N·C.
/// </summary>
public abstract class RotaryFeatureAttention(AttentionShape shape) : AttentionMechanism(shape)
{
    private const float Epsilon = 1e-6f;

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.PermutationEquivariant | AttentionTraits.Rotary;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long dim = Shape.Dim;
        return new AttentionCost((queries + keys) * dim * Shape.HeadDim, sizeof(float) * dim * (queries + keys + Shape.HeadDim));
    }

    /// <summary>φ of queries or keys, (B, N, C) → (B, N, C).</summary>
    protected abstract Tensor Features(Tensor x);

    /// <inheritdoc/>
    protected sealed override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor q = Features(Tokens(inputs.Query)), k = Features(Tokens(inputs.Key));
        Tensor attended = Heads(Turned(q)).MatMul(Heads(Turned(k)).MatMul(Heads(inputs.Value), transposeA: true)).Permute(0, 2, 1, 3);

        // φ(q)·Σφ(k) of each head, channels in their place: (B, N, heads, 1).
        Tensor products = (q * k.Sum(1, 1, keepDimensions: true)).Reshape(attended.Shape);
        return (attended / (products.Sum(3, 3, keepDimensions: true) + Epsilon)).Reshape(q.Shape);

        Tensor Turned(Tensor x) => inputs.Rotary is var (sin, cos) ? Tensor.Rotate(x, sin, cos, Shape.NumHeads) : x;
    }
}
