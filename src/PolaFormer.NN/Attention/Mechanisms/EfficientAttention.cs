using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Efficient attention (Shen et al., WACV 2021, https://arxiv.org/abs/1812.01243; efficient_attention.py): per head
/// y = softmax_d(q)·(softmax_n(k)ᵀv), queries over their channels, each channel of the keys over the tokens; rows of the
/// implied weights sum to 1 without a normaliser. Time N·C·d, memory N·C.
/// </summary>
public sealed class EfficientAttention(AttentionShape shape) : AttentionMechanism(shape)
{
    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.CrossAttention | AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long state = (long)Shape.Dim * Shape.HeadDim, tokens = (long)queries + keys;
        return new AttentionCost(tokens * state, sizeof(float) * ((tokens * Shape.Dim) + state));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        // (B, heads, d, n): the softmax runs over the last dimension.
        Tensor key = Heads(inputs.Key).Permute(0, 1, 3, 2);
        if (inputs.Mask is { } mask)
            key += ScoresOf(mask);
        return Merge(Heads(inputs.Query).Softmax().MatMul(key.Softmax().MatMul(Heads(inputs.Value))));
    }
}
