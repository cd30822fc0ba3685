using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Local attention of Long Range Arena (Tay et al., ICLR 2021, https://arxiv.org/abs/2011.04006;
/// lra_benchmarks/models/local/local_attention.py): the sequence is cut into blocks of w tokens, which attend within their
/// block by softmax. Time N·w·C, memory N·w.
/// </summary>
public sealed class LocalAttention : AttentionMechanism
{
    private readonly int _block;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="block">Tokens of a block w; an eighth of the tokens, 64 at most, where null.</param>
    public LocalAttention(AttentionShape shape, int? block = null)
        : base(shape)
    {
        _block = block ?? TokenBlocks.DefaultSize(shape.Tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(_block, 1, nameof(block));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Causal;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long scores = (long)TokenBlocks.Count(queries, _block) * _block * _block;
        return new AttentionCost(2 * scores * Shape.Dim, sizeof(float) * Shape.NumHeads * scores);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        int tokens = inputs.Query.Tokens, batch = inputs.Query.Source.Shape[0], blocks = TokenBlocks.Count(tokens, _block);
        Tensor mixed = Tensor.SoftmaxAttention(Blocks(inputs.Query), Blocks(inputs.Key), Blocks(inputs.Value), Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim), mask: Excluded());
        return mixed.Reshape(batch, blocks * _block, Shape.Dim).Slice(1, 0, tokens);

        Tensor Blocks(Columns x) => TokenGather.Pad(Tokens(x), blocks * _block).Reshape(batch * blocks, _block, Shape.Dim);

        Tensor? Excluded() => inputs is { Mask: null, IsCausal: false } && blocks * _block == tokens ? null : ScoreMask.Of(
            (blocks, _block, _block), tokens, inputs.Mask, (block, column) => (block * _block) + column, inputs.IsCausal ? (_, row, column) => column <= row : null, inputs.Query.Source.Device);
    }
}
