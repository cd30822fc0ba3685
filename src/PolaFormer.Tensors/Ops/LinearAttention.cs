using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Linear attention by non-negative features φ, per image and head of d channels:
/// <code>
/// S = Σ m·φ(k + e)ᵀ·v (d×d), z = Σ m·φ(k + e) (d), y = φ(q)·S / (φ(q)·z + ε)     e: positional encoding, m: factor of a key, if any
/// elu: φ(x) = elu(x) + 1
/// focused: φ(x) = uᵖ·‖u‖/‖uᵖ‖ of u = (max(x, 0) + 10⁻⁶)·s, lengths over all channels of a token
/// </code>
/// The backward pass recomputes the features in blocks; no N×d feature tensor is held. The gradient of max at 0 is 0. Heads whose
/// channels are no multiple of four are composed.
/// </summary>
internal sealed class LinearAttention : Operator
{
    private const float Shift = 1e-6f;

    private readonly Call _call;

    private LinearAttention(in Call call)
    {
        _call = call;
        Keep(call.Query.Source);
        Keep(call.Key.Source);
        Keep(call.Value.Source);
        SaveIfPresent(call.Encoding);
        SaveIfPresent(call.InverseScale);
        SaveIfPresent(call.Mask);
        Save(call.State);
    }

    /// <summary>With the features of <paramref name="inverseScale"/> and <paramref name="power"/>; those of elu where there is no scale.</summary>
    public static Tensor Forward(Columns query, Columns key, Columns value, Tensor? encoding, Tensor? inverseScale, float power, int numHeads, float epsilon, Tensor? mask)
    {
        int dim = query.Width, batch = query.Source.Shape[0];
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0)
            throw new ArgumentException($"Linear attention takes queries, keys and values of one width that {numHeads} heads share; got {query.Width}, {key.Width}, {value.Width}.");
        if (key.Tokens != value.Tokens || key.Source.Shape[0] != batch || value.Source.Shape[0] != batch)
            throw new ArgumentException($"Linear attention: {key.Tokens} keys for {value.Tokens} values.");
        if (encoding is not null && encoding.Count != (long)key.Tokens * dim)
            throw new ArgumentException($"The positional encoding {encoding.Shape} was made for another resolution: there are {key.Tokens} keys of {dim} channels. Interpolate the checkpoint to this image size.");
        if (inverseScale is not null && inverseScale.Count != dim)
            throw new ArgumentException($"Factors {inverseScale.Shape} are not those of {dim} channels.");
        AttentionHeads.RequireMask(mask, batch, key.Tokens);

        Device device = query.Source.Device;
        if (dim / numHeads % 4 != 0 || !device.Fuses<Call>())
            return Compose(query, key, value, encoding, inverseScale, power, numHeads, epsilon, mask);

        Tensor y = device.Empty([batch, query.Tokens, dim]);
        Tensor state = device.Empty([checked((int)Kernels.LinearAttention.StateLength(batch, numHeads, dim / numHeads, key.Tokens))]);
        var call = new Call(query, key, value, encoding, inverseScale, power, numHeads, epsilon, mask, y, state);
        device.Run(call);
        return Tape.IsRecording(query.Source, key.Source, value.Source, encoding, inverseScale) ? Tape.Record(new LinearAttention(call), y) : y;
    }

    private static Tensor Compose(Columns query, Columns key, Columns value, Tensor? encoding, Tensor? inverseScale, float power, int numHeads, float epsilon, Tensor? mask)
    {
        Tensor placed = encoding is null ? key.ToTensor() : key.ToTensor() + encoding.Reshape(1, key.Tokens, key.Width);
        Tensor keyFeatures = Features(placed, inverseScale, power);
        if (mask is not null)
            keyFeatures *= mask.Reshape(mask.Shape[0], mask.Shape[1], 1);
        Tensor q = AttentionHeads.Split(Features(query.ToTensor(), inverseScale, power), numHeads), k = AttentionHeads.Split(keyFeatures, numHeads);
        Tensor weighted = q.MatMul(k.MatMul(AttentionHeads.Split(value.ToTensor(), numHeads), transposeA: true));
        return AttentionHeads.Merge(weighted / (q.MatMul(k.Sum(2, keepDimensions: true), transposeB: true) + epsilon));
    }

    // (B, N, C) → the same.
    private static Tensor Features(Tensor x, Tensor? inverseScale, float power)
    {
        if (inverseScale is null)
            return x.Apply(UnaryFunction.Elu) + 1;
        Tensor u = (x.Relu() + Shift) * inverseScale.Reshape(x.Shape[2]);

        // The direction first: (10⁻⁶)³ squared would leave float32, and no direction's cube is shorter than 1/C.
        Tensor length = Length(u), direction = u / length;
        Tensor raised = power == 3 ? direction.Apply(UnaryFunction.Square) * direction : direction.Pow(Tensor.Full([1], power, x.Device));
        return raised * (length / Length(raised));

        static Tensor Length(Tensor vectors) => vectors.Apply(UnaryFunction.Square).Sum(2, keepDimensions: true).Sqrt();
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_call.Query), dkey = NewGradient(_call.Key), dvalue = NewGradient(_call.Value);
        Tensor? dinverseScale = _call.InverseScale is { } scale ? NewGradient(scale) ?? device.Empty(scale.Shape) : null;
        device.Run(new BackwardCall(_call, dy, dquery, dkey, dvalue, dinverseScale));
        Accumulate(_call.Query, dquery);
        if (_call.Encoding is { IsTracked: true } encoding)
        {
            Tensor dencoding = NewGradient(encoding)!;
            AttentionHeads.SumOverImages(dkey, dencoding);
            Accumulate(encoding, dencoding);
        }

        Accumulate(_call.Key, dkey);
        Accumulate(_call.Value, dvalue);
        Accumulate(_call.InverseScale, dinverseScale);
    }

    /// <summary>Writes the result, and for the backward pass a state that only the device's kernels read.</summary>
    internal readonly record struct Call(
        Columns Query, Columns Key, Columns Value, Tensor? Encoding, Tensor? InverseScale, float Power, int NumHeads, float Epsilon, Tensor? Mask, Tensor Y, Tensor State) : IDeviceCall
    {
        public string Name => nameof(LinearAttention);

        // φ(k)ᵀ·v and the readout by the queries: d·d a token each, the normaliser d a query.
        internal long Products
        {
            get
            {
                long dim = Query.Width, headDim = dim / NumHeads;
                return Query.Source.Shape[0] * dim * ((headDim * ((long)Key.Tokens + Query.Tokens)) + Query.Tokens);
            }
        }

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Writes(State);
            Reads(ref call);
            call.Multiplies(Products);
        }

        internal void Reads(ref CallDescription call)
        {
            call.Reads(Query);
            call.Reads(Key);
            call.Reads(Value);
            call.Reads(Encoding);
            call.Reads(InverseScale);
            call.Reads(Mask);
        }

        public unsafe void OnCpu()
        {
            if (InverseScale is null)
                Kernels.LinearAttention.Forward(Inputs, default(Kernels.EluFeatures), ((Columns)Y).Rows);
            else
                Kernels.LinearAttention.Forward(Inputs, new Kernels.FocusedFeatures(InverseScale.Data, Power), ((Columns)Y).Rows);
        }

        internal unsafe Kernels.LinearAttentionInputs Inputs => new()
        {
            Rows = AttentionHeads.Rows(Query, Key, Value, NumHeads),
            KeyPosition = Tensor.DataOrNull(Encoding),
            KeyMask = Tensor.DataOrNull(Mask),
            Epsilon = Epsilon,
            State = State.Data,
        };
    }

    internal readonly record struct BackwardCall(Call Forward, Tensor Dy, Columns Dquery, Columns Dkey, Columns Dvalue, Tensor? DinverseScale) : IDeviceCall
    {
        public string Name => "LinearAttentionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            Forward.Reads(ref call);
            call.Reads(Forward.State);
            call.Writes(Dquery);
            call.Writes(Dkey);
            call.Writes(Dvalue);
            call.Writes(DinverseScale);
            call.Multiplies(2 * Forward.Products);
        }

        public unsafe void OnCpu()
        {
            Kernels.LinearAttentionInputs inputs = Forward.Inputs;
            Tensor workspace = Device.Cpu.Empty([checked((int)Kernels.LinearAttention.WorkspaceLength(inputs.Rows.Batch, inputs.Rows.Heads, inputs.Rows.HeadDim, inputs.Rows.Queries, inputs.Rows.Keys))]);
            var gradients = new Kernels.LinearAttentionGradients
            {
                DOutput = ((Columns)Dy).Rows,
                DQ = Dquery.Rows,
                DK = Dkey.Rows,
                DV = Dvalue.Rows,
                DScale = Tensor.DataOrNull(DinverseScale),
                Workspace = workspace.Data,
            };
            if (Forward.InverseScale is null)
                Kernels.LinearAttention.Backward(inputs, default(Kernels.EluFeatures), gradients);
            else
                Kernels.LinearAttention.Backward(inputs, new Kernels.FocusedFeatures(Forward.InverseScale.Data, Forward.Power), gradients);
        }
    }
}
