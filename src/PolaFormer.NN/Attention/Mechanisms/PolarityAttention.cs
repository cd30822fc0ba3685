using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Polarity-aware linear attention (PolaFormer, ICLR 2025, https://arxiv.org/abs/2501.15061, eq. 5–7; the authors'
/// models/pola_pvt.py and pola_swin.py, PolaLinearAttention). Time N·C·d, memory N·C.
/// <para>
/// Per head, with |x|ᵖ routed by sign: q_same = [q₊ᵖ, q₋ᵖ], q_opposite = [q₋ᵖ, q₊ᵖ], k̃ = [k₊ᵖ, k₋ᵖ];
/// y = [q_same·(k̃ᵀv₁)/(q_same·Σk̃), q_opposite·(k̃ᵀv₂)/(q_opposite·Σk̃)] for the parts v₁, v₂ of v, ⌈d/2⌉ and ⌊d/2⌋ channels a head; then (y + dwc(v))·g.
/// </para>
/// Where the paper and the authors' code differ, this follows the code: the gate also multiplies the convolution's branch, and
/// fewer values than queries are stretched along the flattened sequence, not in the plane. <see cref="PolarityOptions"/> takes
/// parts away. Over a sequence the convolution has one dimension, dwc.weight (d, 1, k), which is the authors' class on a grid of
/// one row, and padding is neither a key nor a value.
/// </summary>
public sealed class PolarityAttention : AttentionMechanism
{
    private const float Epsilon = 1e-6f;

    private readonly int _kernelSize;
    private readonly float _alpha;
    private readonly PolarityOptions _options;
    private readonly Parameter _power, _scale;
    private readonly Parameter? _positionalEncoding, _gate;
    private readonly DepthwiseConv2d? _convolution;
    private readonly DepthwiseConv1d? _line;
    private readonly DeformableConv2d? _deformable;
    private (Tensor InverseScale, Tensor Exponent)? _constants;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What for; heads have at least two channels.</param>
    /// <param name="kernelSize">Kernel of the convolution of v.</param>
    /// <param name="alpha">Exponents lie in (1, 1 + alpha).</param>
    /// <param name="options">Parts to leave out or exchange; the published form where null.</param>
    public PolarityAttention(AttentionShape shape, int kernelSize = 5, float alpha = 4, PolarityOptions? options = null)
        : base(shape)
    {
        _options = options ?? new PolarityOptions();
        if (_options.IsPolar && shape.HeadDim < 2)
            throw new ArgumentException("Polarity attention cuts the channels of a head in two; got heads of one channel.");
        (_kernelSize, _alpha) = (kernelSize, alpha);
        _power = AddParameter("power", [1, shape.NumHeads, 1, shape.HeadDim], Initializer.Zeros);
        _scale = AddParameter("scale", [1, 1, shape.Dim], Initializer.Zeros);
        _positionalEncoding = _options.HasPositions ? AddParameter("positional_encoding", [1, shape.KeyTokens, shape.Dim], Initializer.Zeros, StateTraits.Positions) : null;
        _gate = _options.Gate == PolarityGate.Learned ? AddParameter("gate", [1, shape.Tokens, shape.Dim], StartOf(_options.GateStart), StateTraits.Positions) : null;
        if (_options.RowLength > 0 && !shape.IsSequence)
            throw new ArgumentException("The option row of polarity attention is for sequences; a grid has its own rows.");
        if (_options.Local == PolarityLocal.Depthwise && IsLine)
            _line = AddChild("dwc", new DepthwiseConv1d(shape.HeadDim, kernelSize));
        else if (_options.Local == PolarityLocal.Depthwise)
            _convolution = AddChild("dwc", new DepthwiseConv2d(shape.HeadDim, kernelSize));
        else if (_options.Local == PolarityLocal.Deformable && IsLine)
            throw new ArgumentException("The deformable convolution of polarity attention moves its taps in the plane; give the sequence rows (row), or choose local=depthwise.");
        else if (_options.Local == PolarityLocal.Deformable)
            _deformable = AddChild("dcn", new DeformableConv2d(shape.Dim, shape.HeadDim, kernelSize));
    }

    /// <summary>Its place in the registry.</summary>
    public static AttentionEntry Entry { get; } = new("polarity", "Polarity", "PolaFormer: Meng et al., ICLR 2025", "O(N·d²)", (shape, options) => new PolarityAttention(
        shape, options.Get<int>("kernel"), options.Get<float>("alpha"), PolarityOptions.Of(options)))
    {
        Options =
        [
            AttentionOption.Number("alpha", 4, 0, 100),
            AttentionOption.Integer("kernel", 5, 1, 63),
            .. PolarityOptions.Declared,
        ],
    };

    /// <inheritdoc/>
    public override AttentionTraits Traits =>
        (Shape.IsSequence ? MaskTrait : AttentionTraits.Grid)
        | (Shape.IsSequence || (_positionalEncoding is null && _gate is null) ? AttentionTraits.None : AttentionTraits.FixedLength | AttentionTraits.Interpolated)
        | (_options.Gate == PolarityGate.Projected ? AttentionTraits.Gated : AttentionTraits.None);

    /// <inheritdoc/>
    public override int Streams => _options.IsPolar ? 2 : 1;

    private AttentionTraits MaskTrait => _options.Mask == PolarityMask.Keys ? AttentionTraits.Masked : AttentionTraits.None;

    // Whether the convolution runs along a sequence.
    private bool IsLine => Shape.IsSequence && _options.RowLength == 0;

    /// <summary>Learned exponents p = 1 + alpha·sigmoid(power): heads · d values above 1.</summary>
    public Tensor Exponents() => _power.Sigmoid().Affine(_alpha, 1);

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long dim = Shape.Dim, streams = Streams, taps = IsLine ? _kernelSize : (long)_kernelSize * _kernelSize, pixels = queries - Shape.PrefixTokens;
        long products = streams * dim * ((Shape.HeadDim * (queries + keys)) + (streams * queries));
        long local = _options.Local switch
        {
            PolarityLocal.Depthwise => pixels * dim * taps,

            // Offsets of every tap from all channels, then four pixels and a weight a tap.
            PolarityLocal.Deformable => pixels * dim * ((2 * taps * taps) + (5 * taps)),
            _ => 0,
        };
        return new AttentionCost(products + local, sizeof(float) * streams * dim * ((streams * queries) + keys + Shape.HeadDim));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        (Tensor inverseScale, Tensor exponent) = _constants ?? Constants();
        Tensor? positions = _positionalEncoding is null
            ? null
            : ForPositions(_positionalEncoding, Shape.KeyTokens, Shape.KeyGrid, inputs.Key.Tokens, (inputs.KeyHeight, inputs.KeyWidth), inputs.Key.Source.Device);
        return _options.IsPolar
            ? Tensor.PolarityAttention(inputs.Query, inputs.Key, inputs.Value, positions, inverseScale, exponent, Shape.NumHeads, inputs.Mask)
            : Unsigned(inputs, positions, inverseScale, exponent);
    }

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor mixed = RunMix(inputs);
        if (_line is not null && _options.Gate == PolarityGate.Projected)
            return _line.ForwardGated(inputs.Value, inputs.Mask, mixed, inputs.Gate!.Value);
        if (_line is not null)
            return Gated(inputs, mixed + _line.Forward(inputs.Value, inputs.Mask));
        if (_convolution is null && _deformable is null)
            return Gated(inputs, mixed);
        if (Shape.IsSequence)
            inputs = InRows(inputs);
        Columns value = OnGrid(inputs.Value, inputs);
        if (_convolution is not null && _options.Gate == PolarityGate.Projected && inputs.PrefixTokens == 0)
            return _convolution.ForwardGated(value, mixed.Reshape(value.Source.Shape.With(3, Shape.Dim)), inputs.Gate!.Value).Reshape(mixed.Shape);
        Tensor local = _convolution?.Forward(value) ?? _deformable!.Forward(value.Source.Slice(3, value.Start, value.Width));
        return Gated(inputs, AddOnGrid(mixed, local, inputs));
    }

    // A sequence as the image whose pixels it is, padding at zero.
    private AttentionInputs InRows(AttentionInputs inputs)
    {
        (int rows, int rest) = Math.DivRem(inputs.Value.Tokens, _options.RowLength);
        return rest == 0
            ? inputs with { Value = WithoutPadding(inputs.Value, inputs.Mask), Height = rows, Width = _options.RowLength }
            : throw new ArgumentException($"{inputs.Value.Tokens} tokens are no rows of {_options.RowLength}.");
    }

    private Tensor Gated(AttentionInputs inputs, Tensor restored) => _options.Gate switch
    {
        PolarityGate.Projected => restored * Tokens(inputs.Gate!.Value),
        PolarityGate.Learned => restored * ForPositions(_gate!, Shape.Tokens, (Shape.Height, Shape.Width), inputs.Query.Tokens, (inputs.Height, inputs.Width), inputs.Query.Source.Device),
        _ => restored,
    };

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _constants = MemoryScope.OutsideScopes(Constants);

    private (Tensor InverseScale, Tensor Exponent) Constants() => (_scale.Softplus().Reciprocal(), Exponents());

    // Values for each place, of the grid that there is; where the inputs have none, the number of tokens decides. A sequence may be
    // shorter than the longest one.
    private Tensor ForPositions(Tensor values, int madeForTokens, (int Height, int Width) madeFor, int tokens, (int Height, int Width) grid, Device device)
    {
        if (Shape.IsSequence)
            return values.Shape[1] == tokens ? values : values.Slice(1, 0, tokens);
        bool isTold = madeFor.Height > 0 && Shape.PrefixTokens == 0 && grid.Height * grid.Width == tokens;
        return tokens == madeForTokens && (!isTold || grid == madeFor) ? values : GridPositions.Resize(values, madeFor, grid, Shape.PrefixTokens, device: device);
    }

    // One stream of positive parts, eps against the mean as in the signed ones: (B, N, C).
    private Tensor Unsigned(AttentionInputs inputs, Tensor? positions, Tensor inverseScale, Tensor exponent)
    {
        Tensor query = (Heads(inputs.Query) * Heads(inverseScale)).Relu().Pow(exponent);
        Tensor placed = positions is null ? Heads(inputs.Key) : Heads(inputs.Key) + Heads(positions);
        if (inputs.Mask is { } mask)
            placed *= mask.Reshape(mask.Shape[0], 1, mask.Shape[1], 1);
        Tensor key = (placed * Heads(inverseScale)).Relu().Pow(exponent);
        Tensor sums = query.MatMul(key.Sum(2, keepDimensions: true), transposeB: true);
        return Merge(query.MatMul(key.MatMul(Heads(inputs.Value), transposeA: true)) / (sums + (key.Shape[2] * Epsilon)));
    }

    private Initializer StartOf(PolarityGateStart start) => start switch
    {
        PolarityGateStart.Ones => Initializer.Ones,
        PolarityGateStart.Zeros => Initializer.Zeros,
        PolarityGateStart.Normal => Initializer.Normal(1),
        PolarityGateStart.KaimingUniform => Initializer.Uniform(MathF.Sqrt(6f / Shape.Dim)),
        PolarityGateStart.Uniform => Initializer.UnitUniform,
        _ => throw new ArgumentException($"A gate has no start {start}."),
    };
}
