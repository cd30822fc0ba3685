using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// BigBird (Zaheer et al., NeurIPS 2020, https://arxiv.org/abs/2007.14062; Skyformer's src/models/attention_bigbird.py,
/// after Hugging Face): the sequence is cut into blocks of s tokens; a block attends to its neighbours, to the first and the
/// last block and to r random blocks, other ones for every head; the first and the last attend to all. Rows of padding are
/// zero. Time N·s·(5 + r)·C, memory N·s·(5 + r).
/// </summary>
public sealed class BigBirdAttention : AttentionMechanism
{
    private const int FixedBlocks = 5, Unused = -1;

    private readonly int _block, _random;

    /// <summary>Makes the mechanism; the random blocks follow from the shape's seed.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="block">Tokens of a block s; an eighth of the tokens, 64 at most, where null.</param>
    /// <param name="randomBlocks">Random blocks r.</param>
    public BigBirdAttention(AttentionShape shape, int? block = null, int randomBlocks = 3)
        : base(shape)
    {
        (_block, _random) = (block ?? TokenBlocks.DefaultSize(shape.Tokens), randomBlocks);
        ArgumentOutOfRangeException.ThrowIfLessThan(_block, 1, nameof(block));
        ArgumentOutOfRangeException.ThrowIfNegative(_random, nameof(randomBlocks));
    }

    /// <summary>(heads, blocks − 2, r) by rows: the random blocks of all but the first and the last; drawn by the seed where null.</summary>
    internal IReadOnlyList<int>? RandomBlocks { get; init; }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Random;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        int blocks = TokenBlocks.Count(queries, _block), global = Math.Min(blocks, 2);
        long scores = (long)_block * _block * ((global * blocks) + ((blocks - global) * (FixedBlocks + _random)));
        return new AttentionCost(2 * scores * Shape.Dim, sizeof(float) * Shape.NumHeads * scores);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        int tokens = inputs.Query.Tokens, blocks = TokenBlocks.Count(tokens, _block), length = blocks * _block;
        Tensor query = TokenGather.Pad(Tokens(inputs.Query), length), key = TokenGather.Pad(Tokens(inputs.Key), length), value = TokenGather.Pad(Tokens(inputs.Value), length);
        Tensor Block(Tensor x, int block) => x.Slice(1, block * _block, _block);

        Tensor ends = Global(blocks == 1 ? query : Tensor.Concat(1, Block(query, 0), Block(query, blocks - 1)), key, value, inputs.Mask, tokens);
        Tensor mixed = blocks <= 2 ? ends : Tensor.Concat(1, Block(ends, 0), Middle(query, key, value, inputs.Mask, tokens), Block(ends, 1));
        mixed = mixed.Slice(1, 0, tokens);
        return inputs.Mask is { } mask ? mixed * mask.Reshape(mask.Shape[0], tokens, 1) : mixed;
    }

    // Queries that see every token.
    private Tensor Global(Tensor query, Tensor key, Tensor value, Tensor? mask, int tokens)
    {
        Tensor excluded = ScoreMask.Of((1, 1, key.Shape[1]), tokens, mask, (_, token) => token, null, query.Device);
        return Tensor.SoftmaxAttention(query, key, value, Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim), mask: excluded);
    }

    // All blocks between the first and the last; a head of an image is an image of one head.
    private Tensor Middle(Tensor query, Tensor key, Tensor value, Tensor? mask, int tokens)
    {
        (int batch, int heads, int length) = (query.Shape[0], Shape.NumHeads, query.Shape[1]);
        int inner = (length / _block) - 2, span = (FixedBlocks + _random) * _block;
        int[] seen = SeenBlocks(inner + 2);

        int Place(int row, int column) => seen[(row * (FixedBlocks + _random)) + (column / _block)] is var block and not Unused ? (block * _block) + (column % _block) : Unused;

        Tensor Spans(Tensor x) => TokenGather
            .Take(Heads(x), heads, inner * span, (head, i) => Math.Max(0, Place((head * inner) + (i / span), i % span)))
            .Reshape(batch * heads * inner, span, Shape.HeadDim);

        Tensor excluded = ScoreMask.Of((heads * inner, 1, span), tokens, mask, Place, null, query.Device);
        Tensor queries = Heads(query).Slice(2, _block, inner * _block).Reshape(batch * heads * inner, _block, Shape.HeadDim);
        Tensor mixed = Tensor.SoftmaxAttention(queries, Spans(key), Spans(value), 1, 1 / MathF.Sqrt(Shape.HeadDim), mask: excluded);
        return Merge(mixed.Reshape(batch, heads, inner * _block, Shape.HeadDim));
    }

    // (heads, blocks − 2, 5 + r): the blocks that a block attends to, none of the fixed ones twice.
    private int[] SeenBlocks(int blocks)
    {
        int given = RandomBlocks?.Count ?? 0, needed = Shape.NumHeads * (blocks - 2) * _random;
        if (RandomBlocks is not null && given != needed)
            throw new ArgumentException($"{Shape.NumHeads} heads of {blocks} blocks need {needed} random blocks; {given} were given.");
        var seen = new List<int>();
        for (int head = 0; head < Shape.NumHeads; head++)
        {
            for (int block = 1; block < blocks - 1; block++)
            {
                int[] always = [0, block - 1, block, block + 1, blocks - 1];
                seen.AddRange(always.Select((other, i) => Array.IndexOf(always, other) == i ? other : Unused));
                seen.AddRange(RandomBlocks?.Skip(((head * (blocks - 2)) + block - 1) * _random).Take(_random) ?? Draw(head, block, blocks, always));
            }
        }

        return [.. seen];
    }

    private IEnumerable<int> Draw(int head, int block, int blocks, int[] always)
    {
        var random = new Philox(Shape.Seed, ((ulong)head << 32) | (uint)block);
        return Enumerable.Range(0, blocks).Except(always).OrderBy(other => random.UInt32((ulong)other)).Concat(Enumerable.Repeat(Unused, _random)).Take(_random);
    }
}
