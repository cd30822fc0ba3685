using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linear angular attention (Castling-ViT, You et al., CVPR 2023, https://arxiv.org/abs/2211.10526; LinAngularAttention): per
/// head, with q̂ and k̂ at length 1, a = v/2 + q̂·(k̂ᵀv)/π, the linear terms of the angular kernel, not divided by n; then
/// y = a/‖a‖ + dconv(v), a convolution along the tokens with one kernel a head. Time N·C·d, memory N·C.
/// <para>
/// While training, the authors add the softmax attention's weights above 0.02, without renormalising, to a: quadratic.
/// </para>
/// </summary>
public sealed class AngularAttention : AttentionMechanism
{
    private const float Threshold = 0.02f;

    private readonly bool _isSparse;
    private readonly int _kernelSize;
    private readonly Conv2d _convolution;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What it is made for.</param>
    /// <param name="isSparse">Whether large softmax weights are added.</param>
    /// <param name="kernelSize">Tokens under the convolution's kernel, odd.</param>
    public AngularAttention(AttentionShape shape, bool isSparse = false, int kernelSize = 9)
        : base(shape)
    {
        (_isSparse, _kernelSize) = (isSparse, kernelSize);
        _convolution = AddChild("dconv", new Conv2d(shape.NumHeads, shape.NumHeads, kernelSize, groups: shape.NumHeads, kernelWidth: 1, hasBias: false));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long pairs = _isSparse ? (long)queries * keys : 0, state = (long)Shape.Dim * Shape.HeadDim;
        return new AttentionCost(
            ((queries + keys) * state) + (2 * pairs * Shape.Dim) + ((long)(queries - Shape.PrefixTokens) * Shape.Dim * _kernelSize),
            sizeof(float) * ((((long)queries + keys) * Shape.Dim) + state + (pairs * Shape.NumHeads)));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => Merge(Weighted(inputs, Values(inputs)));

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor value = Values(inputs), weighted = Unit(Weighted(inputs, value));
        return Merge(weighted + Local(value, inputs.PrefixTokens));
    }

    // (B, heads, n, d), padding zero.
    private Tensor Values(AttentionInputs inputs)
    {
        Tensor value = Heads(inputs.Value);
        return inputs.Mask is { } mask ? value * mask.Reshape(mask.Shape[0], 1, mask.Shape[1], 1) : value;
    }

    private Tensor Weighted(AttentionInputs inputs, Tensor value)
    {
        Tensor query = Heads(inputs.Query), key = Heads(inputs.Key);
        Tensor weighted = (value * 0.5f) + (Unit(query).MatMul(Unit(key).MatMul(value, transposeA: true)) * (1 / MathF.PI));
        return _isSparse ? weighted + LargeWeights(query, key, inputs.Mask).MatMul(value) : weighted;
    }

    private Tensor LargeWeights(Tensor query, Tensor key, Tensor? mask)
    {
        Tensor scores = (query * (1 / MathF.Sqrt(Shape.HeadDim))).MatMul(key, transposeB: true);
        Tensor weights = (mask is null ? scores : scores + ScoresOf(mask)).Softmax();

        // 1 − max(1 − ∞·max(w − t, 0), 0) is 1 above the threshold and 0 elsewhere, a constant to the gradient.
        Tensor isLarge = (weights.Detach() - Threshold).Relu().Affine(-1e30f, 1).Relu().Affine(-1, 1);
        return weights * isLarge;
    }

    // Along the tokens after the prefix, every channel of a head with the head's kernel: (B, heads, n, d).
    private Tensor Local(Tensor value, int prefix)
    {
        (int batch, int heads, int tokens, int headDim) = (value.Shape[0], value.Shape[1], value.Shape[2], value.Shape[3]);
        Tensor border = Tensor.Zeros([batch, _kernelSize / 2, headDim, heads], value.Device);
        Tensor column = value.Slice(2, prefix, tokens - prefix).Permute(0, 2, 3, 1);
        Tensor local = _convolution.Forward(Tensor.Concat(1, border, column, border)).Permute(0, 3, 1, 2);
        return prefix == 0 ? local : Tensor.Concat(2, Tensor.Zeros([batch, heads, prefix, headDim], value.Device), local);
    }
}
