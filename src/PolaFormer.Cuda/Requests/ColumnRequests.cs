using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests on rows of channels.</summary>
internal static class ColumnRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<AddToColumns>((context, call) =>
            ColumnKernels.Add(context.Queue, call.X.Address, call.Y.Address, call.Y.RowStride, call.X.Count / Math.Max(1, call.Y.Width), call.Y.Width));
        table.Add<GatedDepthwiseConvolution.GateBackwardCall>((context, call) => ColumnKernels.GateGradient(
            context.Queue, call.Dy.Address, call.Sum.Address, call.Gate.Address, call.Gate.RowStride, call.Dsum.Address,
            call.Dgate.Address, call.Dgate.RowStride, call.Dy.Count / Math.Max(1, call.Gate.Width), call.Gate.Width));
        table.Add<Rotate.Call>((context, call) => Rotate(context, call.X, call.Sin, call.Cos, call.NumHeads, call.Y, back: false));
        table.Add<Rotate.BackwardCall>((context, call) => Rotate(context, call.Dy, call.Sin, call.Cos, call.NumHeads, call.Dx, back: true));
        table.Add<ScaledResidual.Call>((context, call) => ColumnKernels.AddBranch(
            context.Queue, KernelContext.StorageOf(call.Branch), call.Residual.Address, call.Branch.Address, Addresses.Of(call.ChannelFactors), Addresses.Of(call.SampleFactors),
            call.Y.Address, call.Y.Rows, RowsPerSample(call.Y), call.Y.Shape[-1]));
        table.Add<ScaledResidual.BackwardCall>(BranchGradient);
    }

    private static void Rotate(KernelContext context, Columns x, Tensor sin, Tensor cos, int heads, Columns y, bool back) => ColumnKernels.Rotate(
        context.Queue, x.Address, x.RowStride, sin.Address, cos.Address, y.Address, y.RowStride,
        (long)x.Source.Shape[0] * x.Tokens, x.Tokens, x.Width, x.Width / heads, back);

    private static void BranchGradient(KernelContext context, ScaledResidual.BackwardCall call)
    {
        long rows = call.Dy.Rows, rowsPerSample = RowsPerSample(call.Dy);
        int channels = call.Dy.Shape[-1];
        nint samples = Addresses.Of(call.SampleFactors);
        ColumnKernels.AddBranch(
            context.Queue, StorageType.Float, 0, call.Dy.Address, Addresses.Of(call.ChannelFactors), samples, call.Dbranch.Address, rows, rowsPerSample, channels);
        if (call.DchannelFactors is { } result)
        {
            nint workspace = context.Workspace(ColumnKernels.Workspace(context.Queue, rows, channels));
            ColumnKernels.BranchChannelGradient(context.Queue, call.Branch.Address, samples, call.Dy.Address, result.Address, workspace, rows, rowsPerSample, channels);
        }
    }

    private static long RowsPerSample(Tensor x) => Math.Max(1, x.Rows / Math.Max(1, x.Shape[0]));
}
