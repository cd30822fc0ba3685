using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// ProbSparse attention (Zhou et al., Informer, AAAI 2021, https://arxiv.org/abs/2012.07436; Skyformer's
/// src/models/attention_informer.py and attention_informermask.py): the u queries whose scores against U sampled keys have
/// the largest max − Σ/n attend by softmax, the others get the mean of the values. Time N·(U + u)·C, memory N·(U + u).
/// </summary>
public sealed class InformerAttention : AttentionMechanism
{
    private const int Factor = 5;
    private readonly int _sampledKeys, _activeQueries;

    /// <summary>Makes the mechanism; the samples follow from the shape's seed.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="sampledKeys">Keys U that are drawn for each query; 5·⌈ln n⌉ where null.</param>
    /// <param name="activeQueries">Queries u that attend; 5·⌈ln N⌉ where null.</param>
    public InformerAttention(AttentionShape shape, int? sampledKeys = null, int? activeQueries = null)
        : base(shape)
    {
        _sampledKeys = sampledKeys ?? Default(shape.KeyTokens);
        _activeQueries = activeQueries ?? Default(shape.Tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(_sampledKeys, 1, nameof(sampledKeys));
        ArgumentOutOfRangeException.ThrowIfLessThan(_activeQueries, 1, nameof(activeQueries));
    }

    /// <summary>In [0, 1), (N, U) by rows: places of the sampled keys among the tokens that are no padding; drawn by the seed where null.</summary>
    internal float[]? Draws { get; init; }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.CrossAttention | AttentionTraits.Random;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long sampled = Math.Min(_sampledKeys, keys), active = Math.Min(_activeQueries, queries);
        return new AttentionCost(
            ((queries * sampled) + (2 * active * keys)) * Shape.Dim,
            sizeof(float) * ((queries * sampled * Shape.Dim) + (Shape.NumHeads * ((queries * sampled) + (active * keys)))));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor query = Heads(inputs.Query), key = Heads(inputs.Key), value = Heads(inputs.Value);
        (int batch, int queries, int keys) = (query.Shape[0], query.Shape[2], key.Shape[2]);
        Tensor counts = TokenCount.Of(inputs.Mask, keys, key.Device);
        if (inputs.Mask is { } mask)
        {
            Tensor isToken = mask.Reshape(batch, 1, keys, 1);
            (query, key, value) = (queries == keys ? query * isToken : query, key * isToken, value * isToken);
        }

        // Queries in the order of their measure; the first attend.
        int active = Math.Min(_activeQueries, queries);
        Tensor order = Measure(query.Detach(), key.Detach(), counts).ArgSort(descending: true), chosen = order.Slice(-1, 0, active);
        Tensor scores = query.Gather(2, chosen.Reshape(batch, Shape.NumHeads, active, 1)).MatMul(key, transposeB: true) * (1 / MathF.Sqrt(Shape.HeadDim));
        if (inputs.Mask is not null)
            scores += ScoresOf(inputs.Mask);
        Tensor mean = value.Sum(2, keepDimensions: true) * counts.Reciprocal();

        // The rows of active queries, and behind them the one that all others share.
        Tensor rows = Tensor.Concat(2, scores.Softmax().MatMul(value), mean);
        Tensor rank = order.To(DType.Float32).ArgSort().To(DType.Float32);
        Tensor row = Tensor.Where(rank.Compare(Comparison.Less, active), rank, Tensor.Full([1, 1], active, rank.Device)).To(DType.Int64);
        return Merge(rows.Gather(2, row.Reshape(batch, Shape.NumHeads, queries, 1)));
    }

    // How far the scores of a query are from uniform ones, from samples: (B·heads, N).
    private Tensor Measure(Tensor query, Tensor key, Tensor counts)
    {
        (int batch, int groups, int queries, int keys) = (query.Shape[0], query.Shape[0] * Shape.NumHeads, query.Shape[2], key.Shape[2]);
        int sampled = Math.Min(_sampledKeys, keys);
        Tensor places = (Drawn(Draws, queries * sampled, key.Device) * counts).To(DType.Int64);
        if (places.Shape[0] > 1)
            places = places.Expand([batch, Shape.NumHeads, queries * sampled, 1]);
        Tensor samples = key.Gather(2, places);
        Tensor scores = query.Reshape(groups, queries, 1, -1).MatMul(samples.Reshape(groups, queries, sampled, -1), transposeB: true);
        return scores.Max([2, 3]) - (scores.Sum([2, 3]) * (1f / keys));
    }

    private static int Default(int tokens) => Math.Clamp(Factor * (int)Math.Ceiling(Math.Log(tokens)), 1, tokens);
}
