using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Products;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Cuda.Requests;

/// <summary>
/// Feed-forward layers in mixed precision: what lies between the two products, the largest arrays of most networks, is stored in
/// bfloat16. What comes in, results, gradients of weights and all sums are floats.
/// </summary>
internal static class HalfFeedForward
{
    public static void Forward(KernelContext context, Tensors.Ops.FeedForward.Call call)
    {
        (int rows, int inputs, int width, int outputs) = (checked((int)call.Y.Rows), call.Weight1.Shape[1], call.Weight1.Shape[0], call.Weight2.Shape[0]);
        long count = (long)rows * width;
        nint x = context.InHalf(call.X), weight1 = context.InHalf(call.Weight1);
        nint activated = context.HalfWorkspace(count), hidden = call.Hidden is null ? activated : call.Hidden.Address;
        // Without a hidden tensor to keep, the product applies the activation itself.
        Multiply(
            context, new ProductShape(StorageType.BFloat16, rows, width, inputs, Activation: call.Hidden is null ? call.Activation : Activation.None),
            MatrixOnDevice.Contiguous(x, rows, inputs), MatrixOnDevice.Contiguous(weight1, width, inputs).Transposed, Addresses.Of(call.Bias1), 0, hidden);
        if (call.Hidden is not null)
            Activate(context, call.Activation, hidden, activated, count);
        nint weight2 = context.InHalf(call.Weight2);
        Multiply(
            context, new ProductShape(StorageType.BFloat16, rows, outputs, width, GivesFloats: true), MatrixOnDevice.Contiguous(activated, rows, width),
            MatrixOnDevice.Contiguous(weight2, outputs, width).Transposed, Addresses.Of(call.Bias2), Addresses.Of(call.Residual), call.Y.Address);
    }

    public static void Backward(KernelContext context, Tensors.Ops.FeedForward.BackwardCall call)
    {
        (int rows, int inputs, int width, int outputs) = (checked((int)call.Dy.Rows), call.Weight1.Shape[1], call.Weight1.Shape[0], call.Weight2.Shape[0]);
        long count = (long)rows * width;
        nint dy = context.InHalf(call.Dy), activated = context.HalfWorkspace(count), dhidden = context.HalfWorkspace(count);
        MatrixOnDevice gradient = MatrixOnDevice.Contiguous(dy, rows, outputs), inside = MatrixOnDevice.Contiguous(activated, rows, width);
        nint weight2 = context.InHalf(call.Weight2);
        Multiply(
            context, new ProductShape(StorageType.BFloat16, rows, width, outputs), gradient, MatrixOnDevice.Contiguous(weight2, outputs, width), 0, 0, dhidden);
        if (call.Activation == Activation.None)
            inside = inside with { Address = call.Hidden.Address };
        else
            ElementwiseKernels.ActivateBoth(context.Queue, StorageType.BFloat16, Elementwise.FunctionOf(call.Activation), call.Hidden.Address, activated, dhidden, count);
        if (!HalfLinear.WeightGradient(context, rows, gradient, inside, call.Dweight2, call.Dbias2) && call.Dbias2 is not null)
            ReductionRequests.Reduce(context, ReduceFunction.Sum, call.Dy.Address, call.Dbias2.Address, 1, rows, outputs);

        MatrixOnDevice inner = MatrixOnDevice.Contiguous(dhidden, rows, width);
        if (call.Dx is not null)
        {
            nint weight1 = context.InHalf(call.Weight1);
            Multiply(
                context, new ProductShape(StorageType.BFloat16, rows, inputs, width, GivesFloats: true), inner, MatrixOnDevice.Contiguous(weight1, width, inputs),
                0, 0, call.Dx.Address);
        }

        MatrixOnDevice input = MatrixOnDevice.Contiguous(call.Dweight1 is null ? 0 : context.InHalf(call.X), rows, inputs);
        if (HalfLinear.WeightGradient(context, rows, inner, input, call.Dweight1, call.Dbias1) || call.Dbias1 is null)
            return;
        if (width % 4 != 0)
        {
            nint floats = context.Workspace(count);
            ElementwiseKernels.Convert(context.Queue, StorageType.BFloat16, dhidden, floats, count);
            ReductionRequests.Reduce(context, ReduceFunction.Sum, floats, call.Dbias1.Address, 1, rows, width);
        }
        else
        {
            nint workspace = context.Workspace(ReductionKernels.ColumnWorkspace(context.Queue, rows, width));
            ReductionKernels.SumColumns(context.Queue, StorageType.BFloat16, dhidden, call.Dbias1.Address, workspace, rows, width);
        }
    }

    private static void Multiply(KernelContext context, in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, nint y) =>
        ProductRequests.Multiply(context, shape, a, b, bias, addend, MatrixOnDevice.Contiguous(y, shape.M, shape.N));

    private static void Activate(KernelContext context, Activation activation, nint x, nint y, long count)
    {
        if (activation == Activation.None)
            CopyKernels.Copy(context.Queue, sizeof(ushort), x, y, count);
        else
            ElementwiseKernels.Unary(context.Queue, StorageType.BFloat16, Elementwise.FunctionOf(activation), x, y, count);
    }
}
