using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Softmax attention (Vaswani et al., Attention is all you need, NeurIPS 2017, https://arxiv.org/abs/1706.03762): per head
/// y = softmax(q·kᵀ/√d)·v. Padding is taken out by −10⁶ on its scores, as the Skyformer repository does. Time N·n·C; the scores
/// are formed in blocks of rows and never held. In training weights are dropped by <see cref="AttentionShape.WeightDropRate"/>.
/// </summary>
public sealed class SoftmaxAttention : AttentionMechanism
{
    private const float PaddingScore = -1e6f;

    private readonly Dropout _dropout;

    /// <summary>Makes the mechanism.</summary>
    public SoftmaxAttention(AttentionShape shape)
        : base(shape) => _dropout = AddChild("drop_attn", new Dropout(shape.WeightDropRate));

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Causal | AttentionTraits.CrossAttention | AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) =>
        new(2L * queries * keys * Shape.Dim, sizeof(float) * (long)Shape.NumHeads * queries * keys);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) =>
        Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim), mask: ScoreMask(inputs), drop: _dropout.Draws);

    // Everything that is added to the scores, (groups, N or 1, n); groups take turns over the batch.
    private static Tensor? ScoreMask(AttentionInputs inputs)
    {
        Tensor? sum = inputs.ScoreMask;
        if (inputs.Mask is { } mask)
            Add(mask.Affine(-PaddingScore, PaddingScore).Reshape(mask.Shape[0], 1, mask.Shape[1]));
        if (inputs.IsCausal)
            Add(Future(inputs.Query.Tokens, inputs.Key.Tokens, inputs.Query.Source.Device));
        return sum;

        void Add(Tensor part)
        {
            if (sum is not null && sum.Shape[0] != part.Shape[0] && sum.Shape[0] != 1 && part.Shape[0] != 1)
                throw new ArgumentException($"A padding mask of {part.Shape[0]} images does not go with score masks of {sum.Shape[0]} windows.");
            sum = sum is null ? part : sum + part;
        }
    }

    // (1, N, n): −∞ for keys behind the query.
    private static Tensor Future(int queries, int keys, Device device) => Tensor.Where(
        LowerTriangle.Of(queries, keys, device), Tensor.Zeros([1, 1, 1], device), Tensor.Full([1, 1, 1], float.NegativeInfinity, device));
}
