using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// The linear attention of PolaFormer++, per image and head of d channels and n tokens, R the rotary encoding:
/// <code>
/// q_same = exp([q₊, q₋]·t₁) − 1, q_opp = exp([q₋, q₊]·t₂) − 1, k̃ = exp([k₊, k₋]) − 1     t: temperatures (2d)
/// S = (R k̃)ᵀ·v / n, z = mean k̃
/// y = [(R q_same)·S₁ / (q_same·z + 1e-6), (R q_opp)·S₂ / (q_opp·z + 1e-6)]
/// </code>
/// exp(x) − 1 is computed as written, as the authors do; relu′(0) = 0, so a zero query gives y = 0 and gradients of 0.
/// </summary>
internal sealed class PolarityAttentionPlusPlus : Operator
{
    private readonly Columns _query, _key, _value;
    private readonly Tensor _same, _opposite, _sin, _cos, _state;
    private readonly Tensor? _y;
    private readonly int _numHeads;

    private PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y, Tensor state)
    {
        Keep(query.Source);
        Keep(key.Source);
        Keep(value.Source);
        (_query, _key, _value, _numHeads) = (query, key, value, numHeads);
        _same = Save(same);
        _opposite = Save(opposite);
        _sin = Save(sin);
        _cos = Save(cos);
        _y = y.Device.SavesAttention ? Keep(y, isResult: true) : null;
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads)
    {
        int dim = query.Width, headDim = dim / numHeads, batch = query.Source.Shape[0];
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || headDim < 2)
            throw new ArgumentException($"Polarity attention takes queries, keys and values of one width that {numHeads} heads of at least two channels share; got {query.Width}, {key.Width}, {value.Width}.");
        if (sin.Shape != new Shape(key.Tokens, 2 * headDim) || cos.Shape != sin.Shape || query.Tokens != key.Tokens || value.Tokens != key.Tokens)
            throw new ArgumentException($"The rotary tables {sin.Shape} do not fit {key.Tokens} tokens of {2 * headDim} features.");

        // Of an odd number of channels, a pair of the rotary encoding straddles both halves of the features; the authors'
        // networks have none.
        Device device = query.Source.Device;
        var extents = new AttentionExtents(batch, numHeads, headDim, query.Tokens, key.Tokens, IsMasked: false);
        if (headDim % 2 != 0 || device.StateLength<Call>(extents, Kernels.PolarityAttentionPlusPlus.StateLength(batch, numHeads, headDim, query.Tokens)) is not { } length)
            return Compose(query, key, value, same, opposite, sin, cos, numHeads);

        Tensor y = device.Empty([batch, query.Tokens, dim], device.TypeOfResult(query.Source, key.Source, value.Source)), state = device.Empty([length]);
        device.Run(new Call(query, key, value, same, opposite, sin, cos, numHeads, y, state));
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, same, opposite);
        return tracked ? Tape.Record(new PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, y, state), y) : y;
    }

    private static Tensor Compose(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads)
    {
        Tensor q = AttentionHeads.Split(query.ToTensor(), numHeads), k = AttentionHeads.Split(key.ToTensor(), numHeads);
        (Tensor positive, Tensor negative) = (q.Relu(), (-q).Relu());
        Tensor sameFeatures = Tensor.Concat(-1, positive, negative) * same.Reshape(numHeads, 1, -1);
        Tensor oppositeFeatures = Tensor.Concat(-1, negative, positive) * opposite.Reshape(numHeads, 1, -1);
        Tensor f = sameFeatures.Exp() - 1, g = oppositeFeatures.Exp() - 1, keys = Tensor.Concat(-1, k.Relu(), (-k).Relu()).Exp() - 1;
        Tensor values = AttentionHeads.Split(value.ToTensor(), numHeads);
        return PolarityAttention.Streams(f, g, keys, Turn(f, sin, cos), Turn(g, sin, cos), Turn(keys, sin, cos), values);
    }

    private static Tensor Turn(Tensor x, Tensor sin, Tensor cos)
    {
        Tensor pairs = x.Reshape(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3] / 2, 2);
        Tensor turned = Tensor.Concat(-1, -pairs.Slice(-1, 1, 1), pairs.Slice(-1, 0, 1)).Reshape(x.Shape);
        return (x * cos) + (turned * sin);
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor dsame = device.Empty(_same.Shape), dopposite = device.Empty(_opposite.Shape);
        device.Run(new BackwardCall(
            _query, _key, _value, _same, _opposite, _sin, _cos, _numHeads, _y, _state, dy,
            dquery, dkey, dvalue, dsame, dopposite));
        Accumulate(_query, dquery);
        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_same, dsame);
        Accumulate(_opposite, dopposite);
    }

    /// <summary>Writes the result, and for the backward pass a state that only the device's kernels read.</summary>
    internal readonly record struct Call(
        Columns Query, Columns Key, Columns Value, Tensor Same, Tensor Opposite, Tensor Sin, Tensor Cos, int NumHeads, Tensor Y, Tensor State) : IDeviceCall
    {
        public string Name => nameof(PolarityAttentionPlusPlus);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.Writes(State);
            call.ReadsFor(Y, Query);
            call.ReadsFor(Y, Key);
            call.ReadsFor(Y, Value);
            call.Reads(Same);
            call.Reads(Opposite);
            call.Reads(Sin);
            call.Reads(Cos);
            call.Multiplies(PolarityAttention.Products(Query, Key, NumHeads));
        }

        public void OnCpu() => Kernels.PolarityAttentionPlusPlus.Forward(Inputs, ((Columns)Y).Rows);

        internal unsafe Kernels.PolarityAttentionPlusPlusInputs Inputs => new()
        {
            Rows = AttentionHeads.Rows(Query, Key, Value, NumHeads),
            Same = Same.Data,
            Opposite = Opposite.Data,
            Sin = Sin.Data,
            Cos = Cos.Data,
            State = State.Data,
        };
    }

    internal readonly record struct BackwardCall(
        Columns Query, Columns Key, Columns Value, Tensor Same, Tensor Opposite, Tensor Sin, Tensor Cos, int NumHeads, Tensor? Y, Tensor State, Tensor Dy,
        Columns Dquery, Columns Dkey, Columns Dvalue, Tensor Dsame, Tensor Dopposite) : IDeviceCall
    {
        public string Name => "PolarityAttentionPlusPlusBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.ReadsFor(Y ?? Dy, Query);
            call.ReadsFor(Y ?? Dy, Key);
            call.ReadsFor(Y ?? Dy, Value);
            call.Reads(Same);
            call.Reads(Opposite);
            call.Reads(Sin);
            call.Reads(Cos);
            call.ReadsFor(Y ?? Dy, Y);
            call.Reads(State);
            call.Writes(Dquery);
            call.Writes(Dkey);
            call.Writes(Dvalue);
            call.Writes(Dsame);
            call.Writes(Dopposite);
            call.Multiplies(2 * PolarityAttention.Products(Query, Key, NumHeads));
        }

        public unsafe void OnCpu()
        {
            Kernels.PolarityAttentionPlusPlusInputs inputs = new Call(Query, Key, Value, Same, Opposite, Sin, Cos, NumHeads, Dy, State).Inputs;
            Tensor workspace = Device.Cpu.Empty([checked((int)Kernels.PolarityAttentionPlusPlus.WorkspaceLength(inputs.Rows.Batch, NumHeads, inputs.Rows.HeadDim, inputs.Rows.Queries))]);
            Kernels.PolarityAttentionPlusPlus.Backward(inputs, new Kernels.PolarityAttentionPlusPlusGradients
            {
                DOutput = ((Columns)Dy).Rows,
                DQ = Dquery.Rows,
                DK = Dkey.Rows,
                DV = Dvalue.Rows,
                DSame = Dsame.Data,
                DOpposite = Dopposite.Data,
                Workspace = workspace.Data,
            });
        }
    }
}
