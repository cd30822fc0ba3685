using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Polarity-aware linear attention (PolaFormer, ICLR 2025, eq. 5–7), per image and head of d channels, N queries, n keys:
/// <code>
/// q̃ = q·s, k̂ = m·(k + e)·s     s: inverse scale, e: positional encoding, if any, m: 0 for padding, else 1
/// q_same = [q̃₊ᵖ, q̃₋ᵖ], q_opp = [q̃₋ᵖ, q̃₊ᵖ], k̃ = [k̂₊ᵖ, k̂₋ᵖ]     x₊ = max(x, 0), x₋ = max(−x, 0)
/// S = k̃ᵀ·v / n (2d×d), z = mean k̃ (2d)
/// y = [q_same·S₁ / (q_same·z + 1e-6), q_opp·S₂ / (q_opp·z + 1e-6)]    S₁, S₂: left ⌈d/2⌉ columns of S and the others
/// </code>
/// The backward pass recomputes the features in blocks. At x = 0 the feature and its gradients for x and p are exactly 0,
/// so a zero query gives y = 0. No N×2d feature tensor is held. n counts padding. Values of padding are not read.
/// </summary>
internal sealed class PolarityAttention : Operator
{
    private const float Epsilon = 1e-6f;

    private readonly Columns _query, _key, _value;
    private readonly Tensor _inverseScale, _exponent, _state;
    private readonly Tensor? _encoding, _mask, _y;
    private readonly int _numHeads;

    private PolarityAttention(Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor? mask, Tensor y, Tensor state)
    {
        Keep(query.Source);
        Keep(key.Source);
        Keep(value.Source);
        (_query, _key, _value, _numHeads) = (query, key, value, numHeads);
        _encoding = SaveIfPresent(encoding);
        _mask = SaveIfPresent(mask);
        _inverseScale = Save(inverseScale);
        _exponent = Save(exponent);
        _y = y.Device.SavesAttention ? Keep(y, isResult: true) : null;
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor? mask)
    {
        int dim = query.Width, headDim = dim / numHeads, batch = query.Source.Shape[0];
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || headDim < 2)
            throw new ArgumentException($"Polarity attention takes queries, keys and values of one width that {numHeads} heads of at least two channels share; got {query.Width}, {key.Width}, {value.Width}.");
        if (key.Tokens != value.Tokens || key.Source.Shape[0] != batch || value.Source.Shape[0] != batch)
            throw new ArgumentException($"Polarity attention: {key.Tokens} keys for {value.Tokens} values.");
        if (encoding is not null && encoding.Count != (long)key.Tokens * dim)
            throw new ArgumentException($"The positional encoding {encoding.Shape} was made for another resolution: there are {key.Tokens} keys of {dim} channels. Interpolate the checkpoint to this image size.");
        AttentionHeads.RequireMask(mask, batch, key.Tokens);

        Device device = query.Source.Device;
        var extents = new AttentionExtents(batch, numHeads, headDim, query.Tokens, key.Tokens, mask is not null);
        if (device.StateLength<Call>(extents, Kernels.PolarityAttention.StateLength(batch, numHeads, headDim, key.Tokens)) is not { } length)
            return Compose(query, key, value, encoding, inverseScale, exponent, numHeads, mask);

        Tensor y = device.Empty([batch, query.Tokens, dim], device.TypeOfResult(query.Source, key.Source, value.Source)), state = device.Empty([length]);
        device.Run(new Call(query, key, value, encoding, inverseScale, exponent, numHeads, mask, y, state));
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, encoding, inverseScale) || Tape.IsRecording(exponent);
        return tracked ? Tape.Record(new PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, mask, y, state), y) : y;
    }

    private static Tensor Compose(Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor? mask)
    {
        Tensor p = exponent.Reshape(numHeads, 1, -1);
        Tensor q = AttentionHeads.Split(query.ToTensor() * inverseScale, numHeads);
        Tensor placed = encoding is null ? key.ToTensor() : key.ToTensor() + encoding.Reshape(1, key.Tokens, key.Width);
        if (mask is not null)
            placed *= mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        Tensor k = AttentionHeads.Split(placed * inverseScale, numHeads);
        (Tensor positive, Tensor negative) = (q.Relu().Pow(p), (-q).Relu().Pow(p));
        Tensor keys = Tensor.Concat(-1, k.Relu().Pow(p), (-k).Relu().Pow(p));
        Tensor same = Tensor.Concat(-1, positive, negative), opposite = Tensor.Concat(-1, negative, positive);
        return Streams(same, opposite, keys, same, opposite, keys, AttentionHeads.Split(value.ToTensor(), numHeads));
    }

    /// <summary>
    /// y = [same·(k̃ᵀv₁)/(same·mean k̃), opposite·(k̃ᵀv₂)/(opposite·mean k̃)], the features turned in the numerators and normalised
    /// by the unturned ones.
    /// </summary>
    internal static Tensor Streams(Tensor same, Tensor opposite, Tensor keys, Tensor turnedSame, Tensor turnedOpposite, Tensor turnedKeys, Tensor value)
    {
        int half = (value.Shape[-1] + 1) / 2;
        Tensor state = turnedKeys.MatMul(value, transposeA: true) * (1f / value.Shape[2]);
        Tensor mean = keys.Mean(2, keepDimensions: true);
        Tensor first = turnedSame.MatMul(state.Slice(-1, 0, half)) / (same.MatMul(mean, transposeB: true) + Epsilon);
        Tensor second = turnedOpposite.MatMul(state.Slice(-1, half, value.Shape[-1] - half)) / (opposite.MatMul(mean, transposeB: true) + Epsilon);
        return AttentionHeads.Merge(Tensor.Concat(-1, first, second));
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor dinverseScale = device.Empty(_inverseScale.Shape), dexponent = device.Empty(_exponent.Shape);
        device.Run(new BackwardCall(
            _query, _key, _value, _encoding, _inverseScale, _exponent, _numHeads, _mask, _y, _state, dy,
            dquery, dkey, dvalue, dinverseScale, dexponent));

        Accumulate(_query, dquery);
        if (_encoding is { IsTracked: true })
        {
            Tensor dencoding = NewGradient(_encoding)!;
            AttentionHeads.SumOverImages(dkey, dencoding);
            Accumulate(_encoding, dencoding);
        }

        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_inverseScale, dinverseScale);
        Accumulate(_exponent, dexponent);
    }

    /// <summary>
    /// Multiply-accumulates per image and head: k̃ᵀ·v and the readout by the queries 2d·d a token each, the two normalisers 2d a
    /// query each.
    /// </summary>
    internal static long Products(Columns query, Columns key, int numHeads)
    {
        long batch = query.Source.Shape[0], dim = query.Width, headDim = dim / numHeads;
        return batch * dim * ((2 * headDim * key.Tokens) + (2 * headDim * query.Tokens) + (4 * query.Tokens));
    }

    /// <summary>Writes the result, and for the backward pass a state that only the device's kernels read.</summary>
    internal readonly record struct Call(
        Columns Query, Columns Key, Columns Value, Tensor? Encoding, Tensor InverseScale, Tensor Exponent, int NumHeads, Tensor? Mask, Tensor Y, Tensor State) : IDeviceCall
    {
        public string Name => nameof(PolarityAttention);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.Writes(State);
            call.ReadsFor(Y, Query);
            call.ReadsFor(Y, Key);
            call.ReadsFor(Y, Value);
            call.Reads(Encoding);
            call.Reads(InverseScale);
            call.Reads(Exponent);
            call.Reads(Mask);
            call.Multiplies(Products(Query, Key, NumHeads));
        }

        public void OnCpu() => Kernels.PolarityAttention.Forward(Inputs, ((Columns)Y).Rows);

        internal unsafe Kernels.PolarityAttentionInputs Inputs => new()
        {
            Rows = AttentionHeads.Rows(Query, Key, Value, NumHeads),
            KeyPosition = Tensor.DataOrNull(Encoding),
            KeyMask = Tensor.DataOrNull(Mask),
            InverseScale = InverseScale.Data,
            Power = Exponent.Data,
            State = State.Data,
        };
    }

    internal readonly record struct BackwardCall(
        Columns Query, Columns Key, Columns Value, Tensor? Encoding, Tensor InverseScale, Tensor Exponent, int NumHeads, Tensor? Mask, Tensor? Y, Tensor State, Tensor Dy,
        Columns Dquery, Columns Dkey, Columns Dvalue, Tensor DinverseScale, Tensor Dexponent) : IDeviceCall
    {
        public string Name => "PolarityAttentionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.ReadsFor(Y ?? Dy, Query);
            call.ReadsFor(Y ?? Dy, Key);
            call.ReadsFor(Y ?? Dy, Value);
            call.Reads(Encoding);
            call.Reads(InverseScale);
            call.Reads(Exponent);
            call.Reads(Mask);
            call.ReadsFor(Y ?? Dy, Y);
            call.Reads(State);
            call.Writes(Dquery);
            call.Writes(Dkey);
            call.Writes(Dvalue);
            call.Writes(DinverseScale);
            call.Writes(Dexponent);
            call.Multiplies(2 * Products(Query, Key, NumHeads));
        }

        public unsafe void OnCpu()
        {
            Kernels.PolarityAttentionInputs inputs = new Call(Query, Key, Value, Encoding, InverseScale, Exponent, NumHeads, Mask, Dy, State).Inputs;
            Tensor workspace = Device.Cpu.Empty([checked((int)Kernels.PolarityAttention.WorkspaceLength(inputs.Rows.Batch, NumHeads, inputs.Rows.HeadDim, inputs.Rows.Queries, inputs.Rows.Keys))]);
            Kernels.PolarityAttention.Backward(inputs, new Kernels.PolarityAttentionGradients
            {
                DOutput = ((Columns)Dy).Rows,
                DQ = Dquery.Rows,
                DK = Dkey.Rows,
                DV = Dvalue.Rows,
                DInverseScale = DinverseScale.Data,
                DPower = Dexponent.Data,
                Workspace = workspace.Data,
            });
        }
    }
}
