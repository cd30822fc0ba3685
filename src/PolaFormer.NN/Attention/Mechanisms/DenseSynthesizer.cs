using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Dense synthesizer (Tay et al., Synthesizer, ICML 2021, https://arxiv.org/abs/2005.00743; synthesizer.py of leaderj1001,
/// SynthesizerDense): the scores of a query are computed from it alone: softmax(W₂·relu(W₁·q + b₁) + b₂)·v, the layers shared by the
/// heads; keys are not read. Time N·n·(C + n·heads), memory N·n.
/// </summary>
public sealed class DenseSynthesizer : AttentionMechanism
{
    private readonly Linear _hidden, _scores;

    /// <summary>Makes the mechanism.</summary>
    public DenseSynthesizer(AttentionShape shape)
        : base(shape)
    {
        _hidden = AddChild("dense.0", new Linear(shape.HeadDim, shape.KeyTokens, activation: Activation.Relu));
        _scores = AddChild("dense.2", new Linear(shape.KeyTokens, shape.KeyTokens));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => new(
        (2L * queries * keys * Shape.Dim) + ((long)Shape.NumHeads * queries * keys * keys),
        2L * sizeof(float) * Shape.NumHeads * queries * keys);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor scores = _scores.Forward(_hidden.Forward(Heads(inputs.Query)));
        if (inputs.Mask is { } mask)
            scores += ScoresOf(mask);
        return Merge(scores.Softmax().MatMul(Heads(inputs.Value)));
    }
}
