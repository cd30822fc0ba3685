using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// LSH attention (Kitaev et al., Reformer, ICLR 2020, https://arxiv.org/abs/2001.04451; reformer_pytorch/reformer_pytorch.py,
/// LSHAttention): tokens are sorted by the hash bucket of their query, cut into chunks of s, and attend by softmax within their
/// chunk and the one before; R rounds with other hashes are weighed by their normalisers. The keys are the queries at unit
/// length: those given are not read. A token attends to itself only where it attends to no other. Time N·(4·R·s + R·N/2s)·C, memory
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
        int tokens = query.Shape[1];
        return Hash(TokenGather.Pad(Heads(query), Length(tokens)).Detach()).Slice(3, 0, tokens);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        int tokens = inputs.Query.Tokens, length = Length(tokens), total = _rounds * length, chunks = total / _bucket;
        Tensor query = TokenGather.Pad(Heads(inputs.Query), length), value = TokenGather.Pad(Heads(inputs.Value), length);
        int batch = query.Shape[0];
        Tensor isToken = IsToken(inputs.Mask, tokens, length, query.Device), order = Order(Hash(query.Detach()), isToken);

        Tensor chunkQuery = Sorted(query), chunkKey = WithChunkBefore(Sorted(Unit(query))), chunkValue = WithChunkBefore(Sorted(value));
        (Tensor keep, Tensor fill) = Fixed();
        Tensor scores = (chunkQuery.MatMul(chunkKey, transposeB: true) * (1 / MathF.Sqrt(Shape.HeadDim)) * keep) + fill;
        Tensor maximum = scores.Detach().Max(4, keepDimensions: true), weights = (scores - maximum).Exp();
        Tensor sum = weights.Sum(4, keepDimensions: true);

        // The sorted place of each token in each round.
        Tensor place = order.To(DType.Float32).ArgSort().Reshape(batch, Shape.NumHeads, _rounds, length, 1);
        Tensor rounds = Unsorted(weights.MatMul(chunkValue) / sum), weight = Unsorted(sum.Log() + maximum);
        weight = weight.Permute(0, 1, 3, 4, 2).Softmax().Permute(0, 1, 4, 2, 3);
        return Merge((rounds * weight).Sum(2).Slice(2, 0, tokens));

        // (B, heads, N, …) → (B, heads, chunks, s, …).
        Tensor Sorted(Tensor x) => x.Gather(2, order.Reshape(batch, Shape.NumHeads, total, 1)).Reshape(batch, Shape.NumHeads, chunks, _bucket, -1);

        Tensor Unsorted(Tensor x) => x.Reshape(batch, Shape.NumHeads, _rounds, length, -1).Gather(3, place);

        Tensor WithChunkBefore(Tensor x) => Tensor.Concat(3, x, x.Roll(2, 1));

        // Scores that do not come from the product, (B, heads, chunks, s, 2·s): of a token with itself and of padding.
        (Tensor Keep, Tensor Fill) Fixed()
        {
            Tensor query = order.To(DType.Float32).Reshape(batch, Shape.NumHeads, chunks, _bucket, 1);
            Tensor isSelf = query.Compare(Comparison.Equal, OfKeys(query));
            Tensor isSeen = OfKeys(Sorted(isToken.Reshape(-1, 1, length, 1).Expand([batch, Shape.NumHeads, length, 1])));
            return (isSelf.Affine(-1, 1) * isSeen, Tensor.Where(isSelf, Tensor.Full([1], Self, query.Device), isSeen.Affine(-Excluded, Excluded)));
        }

        Tensor OfKeys(Tensor x) => WithChunkBefore(x).Reshape(batch, Shape.NumHeads, chunks, 1, 2 * _bucket);
    }

    // Bucket b of 2·n is direction b below n, and the opposite of direction b − n from there: (B, heads, R, N).
    private Tensor Hash(Tensor query)
    {
        (int batch, int length, int half) = (query.Shape[0], query.Shape[2], query.Shape[2] / _bucket / 2);
        Tensor rotations = Rotations ?? Drawn(half, query.Device);
        if (rotations.Count != Shape.HeadDim * _rounds * half)
            throw new ArgumentException($"{length} tokens in chunks of {_bucket} need rotations ({Shape.HeadDim}, {_rounds}, {half}); {rotations.Shape} were given.");
        Tensor projected = query.Reshape(batch * Shape.NumHeads * length, -1).MatMul(rotations.Reshape(Shape.HeadDim, _rounds * half));
        Tensor directions = projected.Reshape(batch, Shape.NumHeads, length, _rounds, half);
        return Tensor.Concat(4, directions, directions * -1).ArgMax().Permute(0, 1, 3, 2);
    }

    private Tensor Drawn(int half, Device device)
    {
        Tensor rotations = Tensor.Empty([Shape.HeadDim, _rounds, half], device: device);
        rotations.FillNormal(Generator(), 1);
        return rotations;
    }

    // (B, N), or (1, N) without a mask: 1 for a token, 0 for padding and for what fills the last chunks.
    private static Tensor IsToken(Tensor? mask, int tokens, int length, Device device)
    {
        Tensor isToken = mask is null ? Tensor.Full([1, tokens], 1, device) : mask.Compare(Comparison.NotEqual, 0);
        return tokens == length ? isToken : Tensor.Concat(1, isToken, Tensor.Zeros([isToken.Shape[0], length - tokens], device));
    }

    // (B, heads, R, N): tokens by bucket, then by place; padding comes last, so that it moves no token to another chunk.
    private static Tensor Order(Tensor buckets, Tensor isToken) => Tensor.Where(
        isToken.Reshape(isToken.Shape[0], 1, 1, isToken.Shape[1]), buckets.To(DType.Float32), Tensor.Full([1], float.MaxValue, buckets.Device)).ArgSort();

    // An even number of chunks.
    private int Length(int tokens) => TokenBlocks.Count(tokens, 2 * _bucket) * 2 * _bucket;
}
