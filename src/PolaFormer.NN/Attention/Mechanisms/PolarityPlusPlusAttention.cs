using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// The linear attention of PolaFormer++ (the authors' polaformer++/models/pola.py, PolaLinearAttention). Time N·C·d, memory N·C.
/// <para>
/// Per head, with f(x, s) = exp(x·sigmoid(s)) − 1: q_same = f([q₊, q₋], s₁), q_opposite = f([q₋, q₊], s₂),
/// k̃ = exp([k₊, k₋]) − 1; the products use features turned by the rotary encoding, the normaliser unturned ones.
/// The keys are exponentiated without a temperature: large ones overflow.
/// </para>
/// In images the layer around it adds the convolution of the values and gates. Over a sequence, for which the authors have no code,
/// both are here as in <see cref="PolarityAttention"/>: (y + dwc(v))·g, padding being neither a key nor a value. The rotary encoding is
/// then that of a grid of one row, where it is asked for.
/// </summary>
public sealed class PolarityPlusPlusAttention : AttentionMechanism
{
    private readonly PolarityOptions _options;
    private readonly int _kernelSize;
    private readonly Parameter _same, _opposite;
    private readonly DepthwiseConv1d? _line;
    private readonly RotaryEncoding? _rotary;
    private (Tensor Same, Tensor Opposite)? _temperatures;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What for; heads have at least two channels.</param>
    /// <param name="kernelSize">Taps of the convolution over a sequence.</param>
    /// <param name="options">Gate, convolution and mask over a sequence; the others have no effect. As published where null.</param>
    /// <param name="isRotary">Whether features turn with the position in a sequence.</param>
    public PolarityPlusPlusAttention(AttentionShape shape, int kernelSize = 5, PolarityOptions? options = null, bool isRotary = false)
        : base(shape)
    {
        if (shape.HeadDim < 2)
            throw new ArgumentException("Polarity attention cuts the channels of a head in two; got heads of one channel.");
        (_options, _kernelSize) = (options ?? new PolarityOptions(), kernelSize);
        if (shape.IsSequence && (_options.Gate == PolarityGate.Learned || _options.Local == PolarityLocal.Deformable))
            throw new ArgumentException("Over a sequence polarity++ takes gate=projected or off, and local=depthwise or off.");
        _same = AddParameter("s1", [1, shape.NumHeads, 1, 2 * shape.HeadDim], Initializer.Zeros);
        _opposite = AddParameter("s2", [1, shape.NumHeads, 1, 2 * shape.HeadDim], Initializer.Zeros);
        if (shape.IsSequence && _options.Local == PolarityLocal.Depthwise)
            _line = AddChild("dwc", new DepthwiseConv1d(shape.HeadDim, kernelSize));
        if (isRotary && !shape.IsSequence)
            throw new ArgumentException("The option rotary of polarity++ is for sequences; in images the layer around it has the encoding.");
        if (isRotary && shape.HeadDim % 2 != 0)
            throw new ArgumentException($"A rotary encoding turns pairs of features by row and column; heads of {shape.HeadDim} channels have an odd number of pairs.");
        if (isRotary)
            _rotary = AddChild("rotary", new RotaryEncoding(2 * shape.Dim, shape.NumHeads));
    }

    /// <summary>Its place in the registry.</summary>
    public static AttentionEntry Entry { get; } = new("polarity++", "Polarity++", "PolaFormer++: Meng et al., 2025", "O(N·d²)", (shape, options) => new PolarityPlusPlusAttention(
        shape, options.Get<int>("kernel"), new PolarityOptions
        {
            Gate = options.Get<PolarityGate>("gate"),
            Local = options.Get<PolarityLocal>("local"),
            Mask = options.Get<PolarityMask>("mask"),
        }, options.Get<bool>("rotary")))
    {
        Options =
        [
            AttentionOption.Integer("kernel", 5, 1, 63),
            AttentionOption.Choice("gate", PolarityGate.Projected),
            AttentionOption.Choice("local", PolarityLocal.Depthwise),
            AttentionOption.Choice("mask", PolarityMask.Keys),
            AttentionOption.Flag("rotary", false),
        ],
    };

    /// <inheritdoc/>
    public override AttentionTraits Traits
    {
        get
        {
            AttentionTraits traits = AttentionTraits.Rotary | (_line is null && _rotary is null ? AttentionTraits.PermutationEquivariant : AttentionTraits.None);
            if (!Shape.IsSequence)
                return traits;
            return traits | (_options.Gate == PolarityGate.Projected ? AttentionTraits.Gated : AttentionTraits.None) | (_options.Mask == PolarityMask.Keys ? AttentionTraits.Masked : AttentionTraits.None);
        }
    }

    /// <inheritdoc/>
    public override int Streams => 2;

    /// <inheritdoc/>
    public override int RotaryDim => 2 * Shape.HeadDim;

    /// <summary>Learned temperatures sigmoid(s₁) and sigmoid(s₂) of the same- and opposite-signed parts: 2·d values a head each, in (0, 1).</summary>
    public (Tensor Same, Tensor Opposite) Temperatures() => _temperatures ?? (_same.Sigmoid(), _opposite.Sigmoid());

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long dim = Shape.Dim, headDim = Shape.HeadDim, local = _line is null ? 0 : queries * dim * _kernelSize;
        return new AttentionCost((dim * ((2 * headDim * (queries + keys)) + (4 * queries))) + local, sizeof(float) * dim * ((4 * queries) + (2 * keys) + (2 * headDim)));
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _temperatures = MemoryScope.OutsideScopes(Temperatures);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        (Tensor sin, Tensor cos) = inputs.Rotary ?? _rotary?.Tables(1, inputs.Query.Tokens) ?? (Tensor.Zeros([inputs.Query.Tokens, RotaryDim], _same.Device), Tensor.Full([inputs.Query.Tokens, RotaryDim], 1, _same.Device));
        (Tensor same, Tensor opposite) = Temperatures();

        // exp(0) − 1 is 0, so a key of zeros is none.
        return Tensor.PolarityAttentionPlusPlus(inputs.Query, WithoutPadding(inputs.Key, inputs.Mask), inputs.Value, same, opposite, sin, cos, Shape.NumHeads);
    }

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor mixed = RunMix(inputs);
        bool isGated = Shape.IsSequence && _options.Gate == PolarityGate.Projected;
        if (_line is null)
            return isGated ? mixed * Tokens(inputs.Gate!.Value) : mixed;
        return isGated ? _line.ForwardGated(inputs.Value, inputs.Mask, mixed, inputs.Gate!.Value) : mixed + _line.Forward(inputs.Value, inputs.Mask);
    }
}
