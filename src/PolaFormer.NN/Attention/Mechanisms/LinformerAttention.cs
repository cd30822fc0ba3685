using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linformer (Wang et al., 2020, https://arxiv.org/abs/2006.04768; Skyformer's src/models/attention_linformer.py): keys and
/// values are projected along the tokens to k of them by one learned matrix a head, E:
/// softmax(q·(E·k)ᵀ/√d)·(E·v). Time N·k·C, memory N·k.
/// </summary>
public sealed class LinformerAttention : AttentionMechanism
{
    private readonly Parameter _projection;
    private readonly int _projected;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="projected">Projected tokens k; a quarter of the keys, 128 at most, where null.</param>
    public LinformerAttention(AttentionShape shape, int? projected = null)
        : base(shape)
    {
        _projected = projected ?? Math.Clamp(shape.KeyTokens / 4, 1, 128);
        ArgumentOutOfRangeException.ThrowIfLessThan(_projected, 1, nameof(projected));
        _projection = AddParameter("E", [shape.NumHeads, _projected, shape.KeyTokens], Initializer.TruncatedNormal);
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => new(
        2L * (queries + keys) * _projected * Shape.Dim,
        sizeof(float) * (((long)queries * Shape.NumHeads * _projected) + (2L * _projected * Shape.Dim)));

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => Tensor.SoftmaxAttention(
        inputs.Query, Project(inputs.Key, inputs.Mask), Project(inputs.Value, inputs.Mask), Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim));

    // (B, n, C) → (B, k, C).
    private Tensor Project(Columns x, Tensor? mask)
    {
        Tensor tokens = Tokens(x);
        return HeadProjection.Apply(_projection, mask is null ? tokens : tokens * mask.Reshape(mask.Shape[0], mask.Shape[1], 1));
    }
}
