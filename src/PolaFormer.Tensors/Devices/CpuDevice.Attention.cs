using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y)
    {
        PolarityAttentionInputs inputs = Inputs(query, key, value, encoding, inverseScale, exponent, numHeads);
        Tensor state = Empty([checked((int)Kernels.PolarityAttention.StateLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Keys))]);
        inputs.State = state.Data;
        Kernels.PolarityAttention.Forward(inputs, y.Data, query.Width, (nint)inputs.Queries * query.Width);
        return state;
    }

    internal override void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent)
    {
        PolarityAttentionInputs inputs = Inputs(query, key, value, encoding, inverseScale, exponent, numHeads);
        inputs.State = state.Data;
        Tensor workspace = Empty([checked((int)Kernels.PolarityAttention.WorkspaceLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Queries, inputs.Keys))]);
        Kernels.PolarityAttention.Backward(inputs, new PolarityAttentionGradients
        {
            DOutput = dy.Data,
            DOutputRow = query.Width,
            DOutputBatch = (nint)inputs.Queries * query.Width,
            DQ = dquery.Data,
            DQRow = dquery.RowStride,
            DQBatch = ImageStride(dquery),
            DK = dkey.Data,
            DKRow = dkey.RowStride,
            DKBatch = ImageStride(dkey),
            DV = dvalue.Data,
            DVRow = dvalue.RowStride,
            DVBatch = ImageStride(dvalue),
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
        Kernels.SoftmaxAttention.Forward(inputs, y.Data, query.Width, (nint)inputs.Queries * query.Width);
        return state;
    }

    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias)
    {
        SoftmaxAttentionInputs inputs = Inputs(query, key, value, numHeads, scale, bias, mask);
        inputs.State = state.Data;
        Tensor workspace = Empty([checked((int)Kernels.SoftmaxAttention.WorkspaceLength(inputs.Batch, numHeads, inputs.HeadDim, inputs.Queries, inputs.Keys, dbias is not null))]);
        Kernels.SoftmaxAttention.Backward(inputs, new SoftmaxAttentionGradients
        {
            DOutput = dy.Data,
            DOutputRow = query.Width,
            DOutputBatch = (nint)inputs.Queries * query.Width,
            DQ = dquery.Data,
            DQRow = dquery.RowStride,
            DQBatch = ImageStride(dquery),
            DK = dkey.Data,
            DKRow = dkey.RowStride,
            DKBatch = ImageStride(dkey),
            DV = dvalue.Data,
            DVRow = dvalue.RowStride,
            DVBatch = ImageStride(dvalue),
            DBias = DataOrNull(dbias),
            Workspace = workspace.Data,
        });
    }

    private static SoftmaxAttentionInputs Inputs(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Queries = query.Tokens,
        Keys = key.Tokens,
        Q = query.Data,
        QRow = query.RowStride,
        QBatch = ImageStride(query),
        K = key.Data,
        KRow = key.RowStride,
        KBatch = ImageStride(key),
        V = value.Data,
        VRow = value.RowStride,
        VBatch = ImageStride(value),
        Scale = scale,
        Bias = DataOrNull(bias),
        Mask = DataOrNull(mask),
        MaskGroups = mask?.Shape[0] ?? 1,
    };

    private static PolarityAttentionInputs Inputs(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Queries = query.Tokens,
        Keys = key.Tokens,
        Q = query.Data,
        QRow = query.RowStride,
        QBatch = ImageStride(query),
        K = key.Data,
        KRow = key.RowStride,
        KBatch = ImageStride(key),
        V = value.Data,
        VRow = value.RowStride,
        VBatch = ImageStride(value),
        KeyPosition = encoding.Data,
        InverseScale = inverseScale.Data,
        Power = exponent.Data,
    };

    private static nint ImageStride(Columns columns) => (nint)columns.Tokens * columns.RowStride;
}
