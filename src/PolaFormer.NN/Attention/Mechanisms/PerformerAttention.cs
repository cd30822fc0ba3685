using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// FAVOR+ (Choromanski et al., Rethinking Attention with Performers, ICLR 2021, https://arxiv.org/abs/2009.14794;
/// performer_pytorch/performer_pytorch.py, FastAttention): with m random directions W and x scaled by d^-¼,
/// φ(x) = (exp(W·x − |x|²/2 − max) + 10⁻⁴) / √m for the softmax kernel, relu(W·x) + 10⁻³ for the other;
/// y = φ(q)·(φ(k)ᵀv) / φ(q)·Σφ(k). Time N·m·C. Padding counts as zero keys with zero values, as in Skyformer's code.
/// </summary>
public sealed class PerformerAttention : FeatureMapAttention
{
    private const float SoftmaxEpsilon = 1e-4f, ReluEpsilon = 1e-3f;

    private readonly Tensor _projection;

    /// <summary>Makes the mechanism; the directions follow from the shape's seed.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="kernel">The kernel that the features approximate.</param>
    /// <param name="features">Random features m; ⌊d·ln d⌋ where null, at least 1.</param>
    public PerformerAttention(AttentionShape shape, PerformerKernel kernel = PerformerKernel.Softmax, int? features = null)
        : base(shape)
    {
        Kernel = kernel;
        FeatureDim = features ?? Math.Max(1, (int)(shape.HeadDim * Math.Log(shape.HeadDim)));
        Scale = 1 / MathF.Sqrt(MathF.Sqrt(shape.HeadDim));
        _projection = AddBuffer("projection_matrix", OrthogonalProjection.Draw(FeatureDim, shape.HeadDim, shape.Seed));
    }

    /// <summary>The kernel that the features approximate.</summary>
    public PerformerKernel Kernel { get; }

    /// <summary>Factor of queries and keys, d^-¼ unless set.</summary>
    public float Scale { get; init; }

    /// <summary>
    /// Whether one maximum over the whole batch keeps the keys' exponentials small and maxima have a gradient, as in Skyformer's
    /// copy of the code. Else each head of each image has its own, and maxima are constants.
    /// </summary>
    internal bool SharesMaximum { get; init; }

    /// <summary>(m, d): the random directions.</summary>
    public Tensor Projection
    {
        get => _projection;
        init => _projection.CopyFrom(value);
    }

    /// <inheritdoc/>
    /// <remarks>The maximum over all keys would make a token depend on those after it.</remarks>
    public override AttentionTraits Traits =>
        (Kernel == PerformerKernel.Softmax ? base.Traits & ~AttentionTraits.Causal : base.Traits) | AttentionTraits.Random;

    /// <inheritdoc/>
    protected override int FeatureDim { get; }

    /// <inheritdoc/>
    protected override float Epsilon => 0;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        AttentionCost cost = base.Cost(queries, keys);
        return cost with { MultiplyAccumulates = cost.MultiplyAccumulates + ((long)(queries + keys) * Shape.Dim * FeatureDim) };
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        if (inputs.Mask is not { } mask)
            return base.RunMix(inputs);
        Tensor isToken = mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        return base.RunMix(inputs with { Key = Tokens(inputs.Key) * isToken, Value = Tokens(inputs.Value) * isToken, Mask = null });
    }

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => Features(query, [3]);

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => Features(key, SharesMaximum ? [0, 1, 2, 3] : [2, 3]);

    private Tensor Features(Tensor x, ReadOnlySpan<int> maximumDimensions)
    {
        Tensor scaled = x * Scale, projected = scaled.MatMul(_projection, transposeB: true);
        if (Kernel == PerformerKernel.Relu)
            return projected.Relu() + ReluEpsilon;
        Tensor norm = scaled.Apply(UnaryFunction.Square).Sum(3, keepDimensions: true) * 0.5f;
        Tensor maximum = (SharesMaximum ? projected : projected.Detach()).Max(maximumDimensions, keepDimensions: true);
        return ((projected - norm - maximum).Exp() + SoftmaxEpsilon) * (1 / MathF.Sqrt(FeatureDim));
    }
}
