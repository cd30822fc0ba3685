using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y)
    {
        PolarityAttentionInputs inputs = Inputs(query, key, value, encoding, inverseScale, exponent, numHeads);
        Tensor state = Empty([checked((int)Kernels.PolarityAttention.StateLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Keys))]);
        inputs.State = state.Data;
        Kernels.PolarityAttention.Forward(inputs, RowsOf(y));
        return state;
    }

    internal override void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent)
    {
        PolarityAttentionInputs inputs = Inputs(query, key, value, encoding, inverseScale, exponent, numHeads);
        inputs.State = state.Data;
        Tensor workspace = Empty([checked((int)Kernels.PolarityAttention.WorkspaceLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Queries, inputs.Keys))]);
        Kernels.PolarityAttention.Backward(inputs, new PolarityAttentionGradients
        {
            DOutput = RowsOf(dy),
            DQ = RowsOf(dquery),
            DK = RowsOf(dkey),
            DV = RowsOf(dvalue),
            DInverseScale = dinverseScale.Data,
            DPower = dexponent.Data,
            Workspace = workspace.Data,
        });
    }

    internal override Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y)
    {
        SoftmaxAttentionInputs inputs = Inputs(query, key, value, numHeads, scale, bias, mask);
        Tensor state = Empty([checked((int)Kernels.SoftmaxAttention.StateLength(inputs.Batch, numHeads, inputs.Queries))]);
        inputs.State = state.Data;
        Kernels.SoftmaxAttention.Forward(inputs, RowsOf(y));
        return state;
    }

    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias)
    {
        SoftmaxAttentionInputs inputs = Inputs(query, key, value, numHeads, scale, bias, mask);
        inputs.State = state.Data;
        Tensor workspace = Empty([checked((int)Kernels.SoftmaxAttention.WorkspaceLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Queries, inputs.Keys, dbias is not null))]);
        Kernels.SoftmaxAttention.Backward(inputs, new SoftmaxAttentionGradients
        {
            DOutput = RowsOf(dy),
            DQ = RowsOf(dquery),
            DK = RowsOf(dkey),
            DV = RowsOf(dvalue),
            DBias = DataOrNull(dbias),
            Workspace = workspace.Data,
        });
    }

    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y)
    {
        PolarityAttentionPlusPlusInputs inputs = Inputs(query, key, value, same, opposite, sin, cos, numHeads);
        Tensor state = Empty([checked((int)Kernels.PolarityAttentionPlusPlus.StateLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Tokens))]);
        inputs.State = state.Data;
        Kernels.PolarityAttentionPlusPlus.Forward(inputs, RowsOf(y));
        return state;
    }

    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite)
    {
        PolarityAttentionPlusPlusInputs inputs = Inputs(query, key, value, same, opposite, sin, cos, numHeads);
        inputs.State = state.Data;
        Tensor workspace = Empty([checked((int)Kernels.PolarityAttentionPlusPlus.WorkspaceLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Tokens))]);
        Kernels.PolarityAttentionPlusPlus.Backward(inputs, new PolarityAttentionPlusPlusGradients
        {
            DOutput = RowsOf(dy),
            DQ = RowsOf(dquery),
            DK = RowsOf(dkey),
            DV = RowsOf(dvalue),
            DSame = dsame.Data,
            DOpposite = dopposite.Data,
            Workspace = workspace.Data,
        });
    }

    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) =>
        Rotary.Forward(x.Source.Shape[0], x.Tokens, numHeads, x.Width / numHeads, RowsOf(x), sin.Data, cos.Data, RowsOf(y));

    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx) =>
        Rotary.Backward(dx.Source.Shape[0], dx.Tokens, numHeads, dx.Width / numHeads, RowsOf(dy), sin.Data, cos.Data, RowsOf(dx));

    private static PolarityAttentionPlusPlusInputs Inputs(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Tokens = query.Tokens,
        Q = RowsOf(query),
        K = RowsOf(key),
        V = RowsOf(value),
        Same = same.Data,
        Opposite = opposite.Data,
        Sin = sin.Data,
        Cos = cos.Data,
    };

    private static SoftmaxAttentionInputs Inputs(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Queries = query.Tokens,
        Keys = key.Tokens,
        Q = RowsOf(query),
        K = RowsOf(key),
        V = RowsOf(value),
        Scale = scale,
        Bias = DataOrNull(bias),
        Mask = DataOrNull(mask),
        MaskGroups = mask?.Shape[0] ?? 1,
        MaskRows = mask?.Shape[1] ?? 1,
    };

    private static PolarityAttentionInputs Inputs(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Queries = query.Tokens,
        Keys = key.Tokens,
        Q = RowsOf(query),
        K = RowsOf(key),
        V = RowsOf(value),
        KeyPosition = encoding.Data,
        InverseScale = inverseScale.Data,
        Power = exponent.Data,
    };

    private static Rows RowsOf(Columns columns) =>
        new(columns.Data, columns.RowStride, (nint)columns.Tokens * columns.RowStride);
}
