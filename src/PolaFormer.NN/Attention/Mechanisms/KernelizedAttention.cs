using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Kernelized attention (Chen et al., Skyformer, NeurIPS 2021, https://arxiv.org/abs/2111.00035; src/models/attention.py,
/// SoftmaxAttention_RBF): a Gaussian kernel in place of the softmax, rows not normalised:
/// y = Σ exp(−|q − k|²/2)·v with queries and keys scaled by d^-¼. In training weights are dropped by
/// <see cref="AttentionShape.WeightDropRate"/>. Time N²·C, memory N².
/// </summary>
public sealed class KernelizedAttention : AttentionMechanism
{
    private readonly Dropout _dropout;

    /// <summary>Makes the mechanism.</summary>
    public KernelizedAttention(AttentionShape shape)
        : base(shape) => _dropout = AddChild("drop_attn", new Dropout(shape.WeightDropRate));

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Causal | AttentionTraits.CrossAttention | AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) =>
        new(2L * queries * keys * Shape.Dim, sizeof(float) * (long)Shape.NumHeads * queries * keys);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        float scale = 1 / MathF.Sqrt(MathF.Sqrt(Shape.HeadDim));
        Tensor query = Heads(inputs.Query) * scale, key = Heads(inputs.Key) * scale;
        Tensor? mask = inputs.Mask;
        if (mask is not null && query.Shape[2] == key.Shape[2])
            query *= mask.Reshape(mask.Shape[0], 1, mask.Shape[1], 1);
        Tensor kernel = GaussianKernel.Of(query, key);
        if (mask is not null)
            kernel *= mask.Reshape(mask.Shape[0], 1, 1, mask.Shape[1]);
        if (inputs.IsCausal)
            kernel *= LowerTriangle.Of(kernel.Shape[2], kernel.Shape[3], kernel.Device);
        return Merge(_dropout.Forward(kernel).MatMul(Heads(inputs.Value)));
    }
}
