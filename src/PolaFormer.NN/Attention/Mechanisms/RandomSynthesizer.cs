using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Random synthesizer (Tay et al., Synthesizer, ICML 2021, https://arxiv.org/abs/2005.00743; synthesizer.py of leaderj1001,
/// SynthesizerRandom, which has no softmax): y = A·v with one learned matrix a head; queries and keys are not read.
/// Time N·n·C.
/// </summary>
public sealed class RandomSynthesizer : AttentionMechanism
{
    private readonly Parameter _weights;

    /// <summary>Makes the mechanism.</summary>
    public RandomSynthesizer(AttentionShape shape)
        : base(shape) =>
        _weights = AddParameter("attention", [shape.NumHeads, shape.Tokens, shape.KeyTokens], Initializer.UniformFanIn(shape.KeyTokens));

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => new((long)queries * keys * Shape.Dim, 0);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor value = Tokens(inputs.Value);
        return HeadProjection.Apply(_weights, inputs.Mask is { } mask ? value * mask.Reshape(mask.Shape[0], mask.Shape[1], 1) : value);
    }
}
