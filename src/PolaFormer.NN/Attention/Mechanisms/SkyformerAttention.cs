using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Skyformer (Chen et al., NeurIPS 2021, https://arxiv.org/abs/2111.00035; src/models/attention_skyformer.py): kernelized
/// attention by Nyström's method on X = [q; k], so that the matrix to invert is positive. With m sampled rows S of X and
/// κ the Gaussian kernel of queries and keys scaled by 32^-¼: y = κ(q, S)·(κ(S, S) + 0.1·I)⁺·κ(S, k)·v, half of the samples
/// being queries, half keys. Time N·m·C + m³ a head, memory N·m.
/// </summary>
public sealed class SkyformerAttention : AttentionMechanism
{
    // The authors' constant, whatever the channels of a head.
    private const float Scale = 0.42044820762685725f, Ridge = 0.1f;

    private readonly int _features, _accumulation;

    /// <summary>Makes the mechanism; the samples follow from the shape's seed.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="features">Samples m; a quarter of the tokens, from 2 to 128, where null.</param>
    /// <param name="accumulation">How many samples are summed up to one.</param>
    public SkyformerAttention(AttentionShape shape, int? features = null, int accumulation = 1)
        : base(shape)
    {
        _features = features ?? Math.Clamp(shape.Tokens / 4, 2, 128);
        _accumulation = accumulation;
        ArgumentOutOfRangeException.ThrowIfLessThan(_features, 2, nameof(features));
        ArgumentOutOfRangeException.ThrowIfLessThan(accumulation, 1);
    }

    /// <summary>In [0, 1), one for each sample: its place among the tokens that are no padding; drawn in each pass where null.</summary>
    internal float[]? Draws { get; init; }

    /// <summary>Whether the inverse starts from one column sum for all images and heads, as in the authors' code; else from each matrix's own.</summary>
    internal bool SharesStart { get; init; }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.CrossAttention | AttentionTraits.Random;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long both = queries + keys, m = _features;
        return new AttentionCost(
            (both * m * (_accumulation + 1) * Shape.Dim) + (Shape.NumHeads * ((keys * m * m) + IterativeInverse.Cost(m))),
            sizeof(float) * Shape.NumHeads * m * (both + m));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor query = Heads(inputs.Query) * Scale, key = Heads(inputs.Key) * Scale, value = Heads(inputs.Value);
        int queries = query.Shape[2], keys = key.Shape[2];
        Tensor? isToken = inputs.Mask?.Reshape(inputs.Mask.Shape[0], 1, keys, 1);
        if (isToken is not null)
            (query, key, value) = (queries == keys ? query * isToken : query, key * isToken, value * isToken);

        Tensor all = Tensor.Concat(2, query, key), sampled = Sampled(inputs.Mask, queries, keys, all);
        Tensor sketch = Accumulated(GaussianKernel.Of(all, all.Gather(2, sampled)), dimension: 3);
        Tensor samples = Accumulated(sketch.Gather(2, sampled), dimension: 2) + (IterativeInverse.Identity(_features, all.Device) * Ridge);
        Tensor root = samples.Sum(3).Apply(UnaryFunction.Rsqrt);
        Tensor row = root.Reshape(root.Shape[0], root.Shape[1], 1, _features), column = row.Reshape(root.Shape[0], root.Shape[1], _features, 1);
        Tensor inverse = IterativeInverse.Of(samples * row * column, SharesStart);
        Tensor keySketch = (sketch.Slice(2, queries, keys) * row).MatMul(inverse) * row;
        if (isToken is not null)
            keySketch *= isToken;
        return Merge(sketch.Slice(2, 0, queries).MatMul(keySketch.MatMul(value, transposeA: true)));
    }

    // Numbers of the sampled rows of [q; k], the first half queries: (B, heads, samples, 1), or (1, 1, samples, 1) for all images.
    private Tensor Sampled(Tensor? mask, int queries, int keys, Tensor all)
    {
        Tensor draws = Drawn(Draws, _features * _accumulation, all.Device), counts = TokenCount.Of(mask, keys, all.Device);
        int samples = draws.Shape[2], half = samples / 2;
        Tensor first = draws.Slice(2, 0, half) * (queries == keys ? counts : TokenCount.Of(null, queries, all.Device).Expand(counts.Shape));
        Tensor places = Tensor.Concat(2, first, draws.Slice(2, half, samples - half) * counts).To(DType.Int64).To(DType.Float32);
        float[] starts = [.. Enumerable.Range(0, samples).Select(i => i < half ? 0f : queries)];
        Tensor rows = (places + Tensor.From(starts, [samples, 1], all.Device)).To(DType.Int64);
        return mask is null ? rows : rows.Expand([rows.Shape[0], Shape.NumHeads, samples, 1]);
    }

    // Sums groups of samples, which lie m apart.
    private Tensor Accumulated(Tensor x, int dimension)
    {
        if (_accumulation == 1)
            return x;
        Tensor sum = x.Slice(dimension, 0, _features);
        for (int i = 1; i < _accumulation; i++)
            sum += x.Slice(dimension, i * _features, _features);
        return sum;
    }
}
