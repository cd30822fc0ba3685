using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = P·v with P = softmax(scale·q·kᵀ + bias + mask), per image and head, computed in blocks of rows.
/// ∂v = Pᵀ·∂y; with G = ∂y·vᵀ and D = P·(G − Σ_row P·G): ∂q = scale·D·k, ∂k = scale·Dᵀ·q, ∂bias = Σ_batch D.
/// With a chance to drop weights, y = (P ⊙ F)·v, F as in <see cref="Dropout"/> over (B, heads, N, n); the sum of a row of P is of all.
/// P is recomputed in the backward pass from what the device has saved of each row. Keys at the end to whose scores the mask adds
/// −10⁵ or less for all queries alike have P = 0; they are not computed, nor are gradients of queries whose ∂y is 0.
/// </summary>
internal sealed class SoftmaxAttention : Operator
{
    private readonly Columns _query, _key, _value;
    private readonly Tensor? _bias, _mask;
    private readonly Tensor _y, _state;
    private readonly int _numHeads;
    private readonly float _scale;
    private readonly (float Probability, Philox Generator) _drop;

    private SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, (float Probability, Philox Generator) drop, Tensor y, Tensor state)
    {
        Keep(query.Source);
        Keep(key.Source);
        Keep(value.Source);
        (_query, _key, _value, _numHeads, _scale) = (query, key, value, numHeads, scale);
        _bias = SaveIfPresent(bias);
        _mask = SaveIfPresent(mask);
        _drop = drop;
        _y = Keep(y, isResult: true);
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, (float Probability, Philox Generator)? drop)
    {
        int dim = query.Width, batch = query.Source.Shape[0], tokens = query.Tokens, keys = key.Tokens;
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || value.Tokens != keys)
            throw new ArgumentException($"Softmax attention takes queries, keys and values of one width that {numHeads} heads share; got {query.Width}, {key.Width}, {value.Width}.");
        if (bias is not null && bias.Shape != new Shape(numHeads, tokens, keys))
            throw new ArgumentException($"The bias {bias.Shape} is not (heads, queries, keys) = ({numHeads}, {tokens}, {keys}).");
        if (mask is not null && (mask.Rank != 3 || (mask.Shape[1] != tokens && mask.Shape[1] != 1) || mask.Shape[2] != keys || batch % mask.Shape[0] != 0))
            throw new ArgumentException($"The mask {mask.Shape} is not (groups, {tokens} or 1, {keys}) for a batch of {batch}.");

        Device device = query.Source.Device;
        (float Probability, Philox Generator) dropped = drop ?? default;
        if (dropped.Probability is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(drop), dropped.Probability, "The chance that a weight is dropped lies in [0, 1).");
        var extents = new AttentionExtents(batch, numHeads, dim / numHeads, tokens, keys, mask is not null);
        if (device.StateLength<Call>(extents, Kernels.SoftmaxAttention.StateLength(batch, numHeads, tokens)) is not { } length)
            return Compose(query, key, value, numHeads, scale, bias, mask, drop);

        Tensor y = device.Empty([batch, tokens, dim]), state = device.Empty([length]);
        device.Run(new Call(query, key, value, numHeads, scale, bias, mask, dropped, y, state));
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, bias);
        return tracked ? Tape.Record(new SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, dropped, y, state), y) : y;
    }

    private static Tensor Compose(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, (float Probability, Philox Generator)? drop)
    {
        Tensor q = AttentionHeads.Split(query.ToTensor(), numHeads), k = AttentionHeads.Split(key.ToTensor(), numHeads);
        Tensor scores = q.MatMul(k, transposeB: true) * scale;
        if (bias is not null)
            scores = scores + bias;
        if (mask is not null)
        {
            int groups = mask.Shape[0], images = scores.Shape[0] / groups, queries = scores.Shape[2], keys = scores.Shape[3];
            scores = (scores.Reshape(images, groups, numHeads, queries, keys) + mask.Reshape(groups, 1, mask.Shape[1], keys)).Reshape(scores.Shape);
        }

        Tensor weights = scores.Softmax();
        if (drop is var (probability, generator))
            weights = weights.Dropout(probability, generator);
        return AttentionHeads.Merge(weights.MatMul(AttentionHeads.Split(value.ToTensor(), numHeads)));
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor? dbias = NewGradient(_bias);
        device.Run(new BackwardCall(
            _query, _key, _value, _numHeads, _scale, _bias, _mask, _drop, _y, _state, dy,
            dquery, dkey, dvalue, dbias));
        Accumulate(_query, dquery);
        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_bias, dbias);
    }

    // q·kᵀ and P·v: N·n·d each per head.
    private static long Products(Columns query, Columns key) => 2L * query.Source.Shape[0] * query.Tokens * query.Width * key.Tokens;

    /// <summary>Writes the result, and for the backward pass a state that only the device's kernels read.</summary>
    internal readonly record struct Call(
        Columns Query, Columns Key, Columns Value, int NumHeads, float Scale, Tensor? Bias, Tensor? Mask, (float Probability, Philox Generator) Drop, Tensor Y, Tensor State) : IDeviceCall
    {
        public string Name => nameof(SoftmaxAttention);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Writes(State);
            call.Reads(Query);
            call.Reads(Key);
            call.Reads(Value);
            call.Reads(Bias);
            call.Reads(Mask);
            call.Multiplies(Products(Query, Key));
        }

        public void OnCpu() => Kernels.SoftmaxAttention.Forward(Inputs, ((Columns)Y).Rows);

        internal unsafe Kernels.SoftmaxAttentionInputs Inputs => new()
        {
            Rows = AttentionHeads.Rows(Query, Key, Value, NumHeads),
            Scale = Scale,
            Bias = Tensor.DataOrNull(Bias),
            Mask = Tensor.DataOrNull(Mask),
            MaskGroups = Mask?.Shape[0] ?? 1,
            MaskRows = Mask?.Shape[1] ?? 1,
            DropProbability = Drop.Probability,
            Generator = Drop.Generator,
            State = State.Data,
        };
    }

    internal readonly record struct BackwardCall(
        Columns Query, Columns Key, Columns Value, int NumHeads, float Scale, Tensor? Bias, Tensor? Mask, (float Probability, Philox Generator) Drop, Tensor Y, Tensor State, Tensor Dy,
        Columns Dquery, Columns Dkey, Columns Dvalue, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "SoftmaxAttentionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(Query);
            call.Reads(Key);
            call.Reads(Value);
            call.Reads(Bias);
            call.Reads(Mask);
            call.Reads(Y);
            call.Reads(State);
            call.Writes(Dquery);
            call.Writes(Dkey);
            call.Writes(Dvalue);
            call.Writes(Dbias);
            call.Multiplies(2 * Products(Query, Key));
        }

        public unsafe void OnCpu()
        {
            Kernels.SoftmaxAttentionInputs inputs = new Call(Query, Key, Value, NumHeads, Scale, Bias, Mask, Drop, Y, State).Inputs;
            Tensor workspace = Device.Cpu.Empty([checked((int)Kernels.SoftmaxAttention.WorkspaceLength(inputs.Rows.Batch, NumHeads, inputs.Rows.HeadDim, inputs.Rows.Queries, inputs.Rows.Keys, Dbias is not null))]);
            Kernels.SoftmaxAttention.Backward(inputs, new Kernels.SoftmaxAttentionGradients
            {
                DOutput = ((Columns)Dy).Rows,
                DQ = Dquery.Rows,
                DK = Dkey.Rows,
                DV = Dvalue.Rows,
                DBias = Tensor.DataOrNull(Dbias),
                Workspace = workspace.Data,
            });
        }
    }
}
