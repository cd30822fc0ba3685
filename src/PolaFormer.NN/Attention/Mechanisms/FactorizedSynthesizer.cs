using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Factorised random synthesizer of Long Range Arena (Tay et al., ICML 2021, https://arxiv.org/abs/2005.00743;
/// lra_benchmarks/models/synthesizer/synthesizer_attention.py): y = softmax(R₁·R₂)·v with learned (N, k) and (k, n) a head;
/// queries and keys are not read. Time N·n·(C + k·heads), memory N·n.
/// </summary>
public sealed class FactorizedSynthesizer : AttentionMechanism
{
    private readonly Parameter _left, _right;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="rank">Rank k.</param>
    /// <param name="maxTokens">Tokens that the factors are made for, of which the first are used; the shape's where null.</param>
    public FactorizedSynthesizer(AttentionShape shape, int rank = 32, int? maxTokens = null)
        : base(shape)
    {
        _left = AddParameter("random1", [shape.NumHeads, maxTokens ?? shape.Tokens, rank], Initializer.UniformFanIn(rank));
        _right = AddParameter("random2", [shape.NumHeads, rank, maxTokens ?? shape.KeyTokens], Initializer.UniformFanIn(rank));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => new(
        (long)queries * keys * (Shape.Dim + (Shape.NumHeads * _left.Shape[2])), sizeof(float) * (long)Shape.NumHeads * queries * keys);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor scores = _left.Slice(1, 0, Shape.Tokens).MatMul(_right.Slice(2, 0, Shape.KeyTokens)), value = Tokens(inputs.Value);
        if (inputs.Mask is not { } mask)
            return HeadProjection.Apply(scores.Softmax(), value);
        Tensor excluded = ScoresOf(mask);
        return Merge((scores.Reshape(1, Shape.NumHeads, Shape.Tokens, -1) + excluded).Softmax().MatMul(Heads(inputs.Value)));
    }
}
