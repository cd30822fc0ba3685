using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// LSH attention (Kitaev et al., Reformer, ICLR 2020, https://arxiv.org/abs/2001.04451; reformer_pytorch/reformer_pytorch.py,
/// LSHAttention): tokens are sorted by the hash bucket of their query, cut into chunks of s, and attend by softmax within their
/// chunk and the one before; R rounds with other hashes are weighed by their normalisers. The keys are the queries at unit
/// length: those handed in are not read. A token sees itself only where it sees no other. Time N·(4·R·s + R·N/2s)·C, memory
/// R·N·s.
/// </summary>
public sealed class ReformerAttention : AttentionMechanism
{
    private const float Excluded = -1e9f, Self = -5e4f;

    private readonly int _bucket, _rounds;

    /// <summary>Makes the mechanism; the hashes follow from the shape's seed.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="bucket">Tokens of a chunk s; an eighth of the tokens, 64 at most, where null.</param>
    /// <param name="rounds">Rounds R.</param>
    public ReformerAttention(AttentionShape shape, int? bucket = null, int rounds = 4)
        : base(shape)
    {
        (_bucket, _rounds) = (bucket ?? TokenBlocks.DefaultSize(shape.Tokens), rounds);
        ArgumentOutOfRangeException.ThrowIfLessThan(_bucket, 1, nameof(bucket));
        ArgumentOutOfRangeException.ThrowIfLessThan(_rounds, 1, nameof(rounds));
    }

    /// <summary>(d, R, buckets / 2): the directions that hash; drawn by the seed where null.</summary>
    internal Tensor? Rotations { get; init; }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Random;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long length = Length(queries), scores = 2 * _rounds * length * _bucket;
        return new AttentionCost(
            Shape.Dim * ((2 * scores) + (length * _rounds * (length / _bucket / 2))),
            sizeof(float) * ((Shape.NumHeads * scores) + (4 * _rounds * length * Shape.Dim)));
    }

    /// <summary>The hash buckets of queries (B, N, C), (B, heads, R, N).</summary>
    internal Tensor Buckets(Tensor query)
    {
        int tokens = query.Shape[1], length = Length(tokens);
        int[] buckets = Hash(TokenGather.Pad(Heads(query), length).Detach());
        return Tensor.From([.. buckets.Where((_, i) => i % length < tokens).Select(bucket => (long)bucket)], [query.Shape[0], Shape.NumHeads, _rounds, tokens]);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        int tokens = inputs.Query.Tokens, length = Length(tokens), total = _rounds * length, chunks = total / _bucket;
        Tensor query = TokenGather.Pad(Heads(inputs.Query), length), value = TokenGather.Pad(Heads(inputs.Value), length);
        (int batch, int groups) = (query.Shape[0], query.Shape[0] * Shape.NumHeads);
        bool IsToken(int group, int token) => TokenBlocks.IsToken(inputs.Mask, tokens, group / Shape.NumHeads, token);
        int[] order = Sort(Hash(query.Detach()), length, IsToken);

        Tensor chunkQuery = Sorted(query), chunkKey = WithChunkBefore(Sorted(Unit(query))), chunkValue = WithChunkBefore(Sorted(value));
        (Tensor keep, Tensor fill) = Fixed(order, length, IsToken);
        Tensor scores = (chunkQuery.MatMul(chunkKey, transposeB: true) * (1 / MathF.Sqrt(Shape.HeadDim)) * keep) + fill;
        Tensor maximum = scores.Detach().Max(4, 4, keepDimensions: true), weights = (scores - maximum).Exp();
        Tensor sum = weights.Sum(4, 4, keepDimensions: true);

        Tensor rounds = Unsorted(weights.MatMul(chunkValue) / sum), weight = Unsorted(sum.Log() + maximum);
        weight = weight.Permute(0, 1, 3, 4, 2).Softmax().Permute(0, 1, 4, 2, 3);
        return Merge((rounds * weight).Sum(2, 2).Slice(2, 0, tokens));

        Tensor Sorted(Tensor x) => TokenGather.Take(x, total, (group, i) => order[(group * total) + i]).Reshape(batch, Shape.NumHeads, chunks, _bucket, Shape.HeadDim);

        Tensor WithChunkBefore(Tensor x) => Tensor.Concat(3, x, x.Roll(2, 1));

        // Sorted place of each token in each round.
        Tensor Unsorted(Tensor x)
        {
            var place = new int[groups * total];
            for (int i = 0; i < place.Length; i++)
                place[(i / length * length) + order[i]] = i % total;
            return TokenGather.Take(x.Reshape(batch, Shape.NumHeads, total, -1), total, (group, i) => place[(group * total) + i]).Reshape(batch, Shape.NumHeads, _rounds, length, -1);
        }
    }

    // Bucket b of 2·n is direction b below n, and the opposite of direction b − n from there: (groups, R, N).
    private int[] Hash(Tensor query)
    {
        (int groups, int length, int half) = (query.Shape[0] * Shape.NumHeads, query.Shape[2], query.Shape[2] / _bucket / 2);
        Tensor rotations = Rotations ?? Drawn(half);
        if (rotations.Count != Shape.HeadDim * _rounds * half)
            throw new ArgumentException($"{length} tokens in chunks of {_bucket} need rotations ({Shape.HeadDim}, {_rounds}, {half}); {rotations.Shape} were given.");
        Tensor projected = query.Reshape(groups * length, -1).MatMul(rotations.Reshape(Shape.HeadDim, _rounds * half));
        var buckets = new int[groups * _rounds * length];
        if (projected.Device is MetaDevice)
            return buckets;
        ReadOnlySpan<float> values = projected.AsSpan<float>();
        for (int i = 0; i < buckets.Length; i++)
        {
            (int group, int round, int token) = (i / length / _rounds, i / length % _rounds, i % length);
            ReadOnlySpan<float> row = values.Slice(((((group * length) + token) * _rounds) + round) * half, half);
            float largest = float.NegativeInfinity;
            for (int bucket = 0; bucket < 2 * half; bucket++)
            {
                float along = bucket < half ? row[bucket] : -row[bucket - half];
                if (along > largest)
                    (largest, buckets[i]) = (along, bucket);
            }
        }

        return buckets;
    }

    private Tensor Drawn(int half)
    {
        Tensor rotations = Tensor.Empty([Shape.HeadDim, _rounds, half]);
        if (rotations.Device is not MetaDevice)
            Chance().FillNormal(rotations.AsSpan<float>(), 0);
        return rotations;
    }

    // (groups, R·N): tokens by bucket, then by place; padding comes last, so that it moves no token to another chunk.
    private int[] Sort(int[] buckets, int length, Func<int, int, bool> isToken)
    {
        var order = new int[buckets.Length];
        for (int first = 0; first < buckets.Length; first += length)
        {
            int start = first, group = first / length / _rounds;
            int[] sorted = [.. Enumerable.Range(0, length).OrderBy(token => isToken(group, token) ? buckets[start + token] : int.MaxValue)];
            sorted.CopyTo(order, first);
        }

        return order;
    }

    // Scores that do not come from the product: of a token with itself and of padding.
    private (Tensor Keep, Tensor Fill) Fixed(int[] order, int length, Func<int, int, bool> isToken)
    {
        int total = _rounds * length, chunks = total / _bucket, groups = order.Length / total;
        Shape shape = [groups / Shape.NumHeads, Shape.NumHeads, chunks, _bucket, 2 * _bucket];
        Tensor keep = Tensor.Zeros(shape), fill = Tensor.Zeros(shape);
        if (keep.Device is MetaDevice)
            return (keep, fill);
        Span<float> kept = keep.AsSpan<float>(), filled = fill.AsSpan<float>();
        for (int i = 0; i < kept.Length; i++)
        {
            (int column, int row, int chunk, int group) = (i % (2 * _bucket), i / (2 * _bucket) % _bucket, i / (2 * _bucket * _bucket) % chunks, i / (2 * _bucket * _bucket * chunks));
            int keyChunk = column < _bucket ? chunk : (chunk + chunks - 1) % chunks;
            int query = order[(group * total) + (chunk * _bucket) + row], key = order[(group * total) + (keyChunk * _bucket) + (column % _bucket)];
            bool isScored = query != key && isToken(group, key);
            kept[i] = isScored ? 1 : 0;
            filled[i] = query == key ? Self : isScored ? 0 : Excluded;
        }

        return (keep, fill);
    }

    // An even number of chunks.
    private int Length(int tokens) => TokenBlocks.Count(tokens, 2 * _bucket) * 2 * _bucket;
}
