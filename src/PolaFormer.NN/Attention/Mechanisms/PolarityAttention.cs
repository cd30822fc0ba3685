using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Polarity-aware linear attention (PolaFormer, ICLR 2025, https://arxiv.org/abs/2501.15061, eq. 5–7; the authors'
/// models/pola_pvt.py and pola_swin.py, PolaLinearAttention). Time N·C·d, memory N·C.
/// <para>
/// Per head, with |x|ᵖ routed by sign: q_same = [q₊ᵖ, q₋ᵖ], q_opposite = [q₋ᵖ, q₊ᵖ], k̃ = [k₊ᵖ, k₋ᵖ];
/// y = [q_same·(k̃ᵀv₁)/(q_same·Σk̃), q_opposite·(k̃ᵀv₂)/(q_opposite·Σk̃)] for the halves v₁, v₂ of v; then (y + dwc(v))·g.
/// </para>
/// Where the paper and the authors' code differ, this follows the code: the gate also multiplies the convolution's branch, and
/// fewer values than queries are stretched along the flattened sequence, not in the plane.
/// </summary>
public sealed class PolarityAttention : AttentionMechanism
{
    private readonly int _kernelSize;
    private readonly float _alpha;
    private readonly Parameter _power, _scale, _positionalEncoding;
    private readonly DepthwiseConv2d _convolution;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What for; heads have an even number of channels.</param>
    /// <param name="kernelSize">Kernel of the depthwise convolution of v.</param>
    /// <param name="alpha">Exponents lie in (1, 1 + alpha).</param>
    public PolarityAttention(AttentionShape shape, int kernelSize = 5, float alpha = 4)
        : base(shape)
    {
        if (shape.HeadDim % 2 != 0)
            throw new ArgumentException($"Polarity attention halves the channels of a head; got {shape.HeadDim}.");
        (_kernelSize, _alpha) = (kernelSize, alpha);
        _power = AddParameter("power", [1, shape.NumHeads, 1, shape.HeadDim], Initializer.Zeros);
        _scale = AddParameter("scale", [1, 1, shape.Dim], Initializer.Zeros);
        _positionalEncoding = AddParameter("positional_encoding", [1, shape.KeyTokens, shape.Dim], Initializer.Zeros);
        _convolution = AddChild("dwc", new DepthwiseConv2d(shape.HeadDim, kernelSize));
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Grid | AttentionTraits.FixedLength | AttentionTraits.Gated;

    /// <inheritdoc/>
    public override int Streams => 2;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long dim = Shape.Dim, headDim = Shape.HeadDim;
        long products = dim * ((2 * headDim * (queries + keys)) + (4 * queries));
        long convolution = (queries - Shape.PrefixTokens) * dim * _kernelSize * _kernelSize;
        return new AttentionCost(products + convolution, sizeof(float) * dim * ((4 * queries) + (2 * keys) + (2 * headDim)));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => Tensor.PolarityAttention(
        inputs.Query, inputs.Key, inputs.Value,
        _positionalEncoding, _scale.Softplus().Reciprocal(), _power.Sigmoid().Affine(_alpha, 1), Shape.NumHeads);

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor mixed = RunMix(inputs);
        Columns value = OnGrid(inputs.Value, inputs), gate = inputs.Gate!.Value;
        return inputs.PrefixTokens == 0
            ? _convolution.ForwardGated(value, mixed.Reshape(value.Source.Shape.With(3, Shape.Dim)), gate).Reshape(mixed.Shape)
            : AddOnGrid(mixed, _convolution.Forward(value), inputs) * Tokens(gate);
    }
}
