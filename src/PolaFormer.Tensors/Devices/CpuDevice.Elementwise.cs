using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override void Unary(UnaryFunction function, Tensor x, Tensor y) => Elementwise.Unary(function, x.Data, y.Data, x.Count);

    internal override void UnaryBackward(UnaryFunction function, Tensor x, Tensor y, Tensor dy, Tensor dx) =>
        Elementwise.UnaryBackward(function, Elementwise.BackwardReadsInput(function) ? x.Data : null, Elementwise.BackwardReadsOutput(function) ? y.Data : null, dy.Data, dx.Data, dx.Count);

    internal override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) =>
        Broadcast.Binary(function, a.Data, a.Shape, b.Data, b.Shape, y.Data, y.Shape);

    internal override void Affine(Tensor x, float scale, float offset, Tensor y) => Elementwise.Affine(scale, offset, x.Data, y.Data, x.Count);

    internal override void AddScaled(Tensor x, float a, Tensor y, float b) => Elementwise.AddScaled(a, x.Data, b, y.Data, x.Count);

    internal override void AddTo(Tensor x, Columns y) => Elementwise.AddToColumns(x.Data, x.Count / y.Width, y.Width, y.Data, y.RowStride);

    internal override void GateBackward(Tensor dy, Tensor sum, Columns gate, Tensor dsum, Columns dgate) =>
        Elementwise.GateBackward(dy.Data, sum.Data, gate.Data, gate.RowStride, dsum.Data, dgate.Data, dgate.RowStride, dy.Count / gate.Width, gate.Width);

    internal override void ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor y) =>
        Kernels.ScaledResidual.Forward(residual.Data, branch.Data, DataOrNull(channelFactors), DataOrNull(sampleFactors), y.Data, Rows(y), Rows(y) / Math.Max(y.Shape[0], 1), y.Shape[-1]);

    internal override void ScaledResidualBackward(Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor dy, Tensor dbranch, Tensor? dchannelFactors) =>
        Kernels.ScaledResidual.Backward(dchannelFactors is null ? null : branch.Data, DataOrNull(channelFactors), DataOrNull(sampleFactors), dy.Data, dbranch.Data, DataOrNull(dchannelFactors), Rows(dy), Rows(dy) / Math.Max(dy.Shape[0], 1), dy.Shape[-1]);

    internal override void SumTo(Tensor x, Tensor y) => Broadcast.SumTo(x.Data, x.Shape, y.Data, y.Shape);

    internal override void Reduce(ReduceFunction function, Tensor x, long outer, int reduced, long inner, Tensor y)
    {
        switch (function)
        {
            case ReduceFunction.Sum:
                Reduction.Sum(x.Data, outer, reduced, inner, y.Data);
                break;
            case ReduceFunction.Mean:
                Reduction.Mean(x.Data, outer, reduced, inner, y.Data);
                break;
            case ReduceFunction.Max:
                Reduction.Max(x.Data, outer, reduced, inner, y.Data, null);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, null);
        }
    }

    internal override void MaxBackward(Tensor x, long outer, int reduced, long inner, Tensor dy, Tensor dx)
    {
        Tensor largest = Empty(dy.Shape), index = Empty(dy.Shape, DType.Int32);
        Reduction.Max(x.Data, outer, reduced, inner, largest.Data, (int*)First(index));
        Reduction.MaxBackward(dy.Data, (int*)First(index), outer, reduced, inner, dx.Data);
    }

    internal override void Gather(Tensor table, Tensor indices, Tensor y) =>
        Kernels.Gather.Rows(table.Data, table.Shape[0], (long*)First(indices), indices.Count, table.Shape[1], y.Data);

    internal override void GatherBackward(Tensor dy, Tensor indices, Tensor dtable)
    {
        Fill(dtable, 0);
        Kernels.Gather.ScatterAdd(dy.Data, (long*)First(indices), indices.Count, dtable.Shape[1], dtable.Data, dtable.Shape[0]);
    }

    internal override void AdamW(Tensor weight, Tensor gradient, Tensor mean, Tensor square, in AdamWStep step) =>
        Optimizer.AdamW(step, weight.Data, gradient.Data, mean.Data, square.Data, weight.Count);

    internal override void Sgd(Tensor weight, Tensor gradient, Tensor velocity, in SgdStep step) =>
        Optimizer.Sgd(step, weight.Data, gradient.Data, velocity.Data, weight.Count);
}
