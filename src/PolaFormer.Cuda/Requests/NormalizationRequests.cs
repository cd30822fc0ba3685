using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that normalise rows or channels.</summary>
internal static class NormalizationRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<LayerNorm.Call>((context, call) => NormalizationKernels.LayerNorm(
            context.Queue, KernelContext.StorageOf(call.X), KernelContext.StorageOf(call.Y), call.X.Address, Addresses.Of(call.Weight), Addresses.Of(call.Bias), call.Eps,
            call.Y.Address, call.Mean.Address, call.Rstd.Address, call.X.Rows, call.X.Shape[-1]));
        table.Add<LayerNorm.BackwardCall>(LayerNormGradient);
        table.Add<Softmax.Call>((context, call) => NormalizationKernels.Softmax(
            context.Queue, StorageType.Float, call.X.Address, call.Y.Address, call.Logarithm, call.X.Rows, call.X.Shape[-1]));
        table.Add<Softmax.BackwardCall>((context, call) => NormalizationKernels.SoftmaxGradient(
            context.Queue, StorageType.Float, call.Y.Address, call.Dy.Address, call.Dx.Address, call.Logarithm, call.Y.Rows, call.Y.Shape[-1]));
        table.Add<BatchNorm.StatisticsCall>((context, call) =>
        {
            (long rows, int channels) = (call.X.Rows, call.X.Shape[-1]);
            nint workspace = context.Workspace(BatchNormKernels.Workspace(context.Queue, rows, channels));
            BatchNormKernels.Statistics(
                context.Queue, call.X.Address, rows, channels, call.Eps, call.Mean.Address, call.Rstd.Address, call.UnbiasedVariance.Address, workspace);
        });
        table.Add<BatchNorm.Call>((context, call) => BatchNormKernels.Normalize(
            context.Queue, call.X.Address, call.Mean.Address, call.Rstd.Address, call.Weight.Address, call.Bias.Address, call.Y.Address,
            call.X.Rows, call.X.Shape[-1]));
        table.Add<BatchNorm.BackwardCall>((context, call) =>
        {
            (long rows, int channels) = (call.X.Rows, call.X.Shape[-1]);
            nint workspace = context.Workspace(BatchNormKernels.Workspace(context.Queue, rows, channels));
            BatchNormKernels.Gradient(
                context.Queue, call.X.Address, call.Mean.Address, call.Rstd.Address, call.Weight.Address, call.Dy.Address, call.BatchStatistics,
                call.Dx.Address, call.Dweight.Address, call.Dbias.Address, rows, channels, workspace);
        });
    }

    private static void LayerNormGradient(KernelContext context, LayerNorm.BackwardCall call)
    {
        int channels = call.X.Shape[-1];
        bool wantsParameters = call.Dweight is not null || call.Dbias is not null;
        nint workspace = wantsParameters ? context.Workspace(NormalizationKernels.Workspace(context.Queue, call.X.Rows, channels)) : 0;
        nint parameters = wantsParameters ? context.Workspace(2L * channels) : 0;
        NormalizationKernels.LayerNormGradient(
            context.Queue, StorageType.Float, call.X.Address, Addresses.Of(call.Weight), call.Mean.Address, call.Rstd.Address,
            call.Dy.Address, call.Dx.Address, parameters, workspace, call.X.Rows, channels);
        Take(context, parameters, channels, call.Dweight);
        Take(context, parameters + (channels * sizeof(float)), channels, call.Dbias);
    }

    private static void Take(KernelContext context, nint from, int count, Tensor? to)
    {
        if (to is not null)
            CopyKernels.Copy(context.Queue, sizeof(float), from, to.Address, count);
    }
}
