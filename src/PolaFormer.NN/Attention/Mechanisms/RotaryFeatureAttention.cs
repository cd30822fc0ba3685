using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linear attention by non-negative features that a rotary encoding may turn, as PolaFormer++ turns those of polarity attention.
/// Per head, R turning features: y = Rφ(q)·((Rφ(k))ᵀv) / (φ(q)·Σφ(k) + ε); the normaliser's features are unturned. Without an
/// encoding it is <see cref="FeatureMapAttention"/>.
/// </summary>
public abstract class RotaryFeatureAttention(AttentionShape shape) : FeatureMapAttention(shape)
{
    /// <inheritdoc/>
    public override AttentionTraits Traits => base.Traits | AttentionTraits.Rotary;

    /// <inheritdoc/>
    protected sealed override int FeatureDim => Shape.HeadDim;

    /// <summary>φ of queries or keys whose positions are encoded by rotation, (B, N, C) → (B, N, C).</summary>
    protected abstract Tensor RotaryFeatures(Tensor tokens);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => inputs.Rotary is var (sin, cos) ? WithRotary(inputs, sin, cos) : base.RunMix(inputs);

    private Tensor WithRotary(AttentionInputs inputs, Tensor sin, Tensor cos)
    {
        if (inputs.IsCausal)
            throw new ArgumentException($"{GetType().Name} has no causal form with a rotary encoding.");
        Tensor q = RotaryFeatures(Tokens(inputs.Query)), k = RotaryFeatures(Tokens(inputs.Key));
        if (inputs.Mask is { } mask)
            k = k * mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        Tensor attended = Heads(Tensor.Rotate(q, sin, cos, Shape.NumHeads)).MatMul(Heads(Tensor.Rotate(k, sin, cos, Shape.NumHeads)).MatMul(Heads(inputs.Value), transposeA: true)).Permute(0, 2, 1, 3);

        // φ(q)·Σφ(k) of each head, channels in their place: (B, N, heads, 1).
        Tensor products = (q * k.Sum(1, keepDimensions: true)).Reshape(attended.Shape);
        return (attended / (products.Sum(3, keepDimensions: true) + Epsilon)).Reshape(q.Shape);
    }
}
