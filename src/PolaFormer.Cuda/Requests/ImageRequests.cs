using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that resample or pool images.</summary>
internal static class ImageRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Interpolate.Call>((context, call) =>
        {
            (Shape x, Shape y) = (call.X.Shape, call.Y.Shape);
            ImageAxis rows = ImageAxis.Of(call.Mode, x[1], y[1]), columns = ImageAxis.Of(call.Mode, x[2], y[2]);
            ImageKernels.Resample(context.Queue, call.X.Address, call.Y.Address, rows, columns, x[0], x[3], y.Count);
        });
        table.Add<Interpolate.BackwardCall>((context, call) =>
        {
            (Shape x, Shape y) = (call.Dx.Shape, call.Dy.Shape);
            ImageAxis rows = ImageAxis.Of(call.Mode, x[1], y[1]), columns = ImageAxis.Of(call.Mode, x[2], y[2]);
            ImageKernels.ResampleGradient(context.Queue, call.Dy.Address, call.Dx.Address, rows, columns, x[0], x[3], x.Count);
        });
        table.Add<Pool.Call>(Pooling);
        table.Add<Pool.BackwardCall>(PoolingGradient);
    }

    private static void Pooling(KernelContext context, Pool.Call call)
    {
        (Shape x, Shape y) = (call.X.Shape, call.Y.Shape);
        if (call.Function == PoolFunction.Max)
        {
            ImageKernels.MaxPool(context.Queue, call.Window, call.X.Address, call.Y.Address, x, y);
            return;
        }

        ImageAxis rows = ImageAxis.Of(call.Function, call.Window, x[1], y[1]), columns = ImageAxis.Of(call.Function, call.Window, x[2], y[2]);
        ImageKernels.Resample(context.Queue, call.X.Address, call.Y.Address, rows, columns, x[0], x[3], y.Count);
    }

    private static void PoolingGradient(KernelContext context, Pool.BackwardCall call)
    {
        (Shape x, Shape y) = (call.Dx.Shape, call.Dy.Shape);
        if (call.Function == PoolFunction.Max)
        {
            ImageKernels.MaxPoolGradient(context.Queue, call.Window, call.X.Address, call.Dy.Address, call.Dx.Address, x, y);
            return;
        }

        ImageAxis rows = ImageAxis.Of(call.Function, call.Window, x[1], y[1]), columns = ImageAxis.Of(call.Function, call.Window, x[2], y[2]);
        ImageKernels.ResampleGradient(context.Queue, call.Dy.Address, call.Dx.Address, rows, columns, x[0], x[3], x.Count);
    }
}
