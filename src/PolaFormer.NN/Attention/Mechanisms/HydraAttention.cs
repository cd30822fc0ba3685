using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Hydra attention (Bolya et al., ECCV 2022 workshops, https://arxiv.org/abs/2209.07484): as many heads as channels, so that
/// y = q̂ ⊙ Σ k̂ ⊙ v with q̂ and k̂ at length 1 over all channels, and no normaliser. Time and memory N·C, in products of
/// single elements, which the cost, as every count here, does not include.
/// </summary>
public sealed class HydraAttention(AttentionShape shape) : AttentionMechanism(shape)
{
    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.CrossAttention | AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    public override int Streams => Shape.HeadDim;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => new(0, sizeof(float) * (queries + (2L * keys) + 1) * Shape.Dim);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor key = Unit(Tokens(inputs.Key));
        if (inputs.Mask is { } mask)
            key *= mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        return Unit(Tokens(inputs.Query)) * (key * Tokens(inputs.Value)).Sum(1, keepDimensions: true);
    }
}
