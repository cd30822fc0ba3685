using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Products;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests of matrix products and linear layers.</summary>
internal static class ProductRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<MatMul.Call>(MatMul);
        table.Add<Linear.Call>((context, call) => Linear(context, call.X, call.Weight, call.Bias, Activation.None, null, call.Y));
        table.Add<Linear.FusedCall>((context, call) => Linear(context, call.X, call.Weight, call.Bias, call.Activation, call.Residual, call.Y));
        table.Add<Linear.BackwardCall>((context, call) =>
        {
            if (call.X.DType == DType.BFloat16)
                HalfLinear.Backward(context, call);
            else
                LinearGradient(context, call.X.Address, call.Weight, call.Dy.Address, call.Dy.Rows, call.Dx, call.Dweight, call.Dbias);
        });
        table.Add<Tensors.Ops.FeedForward.Call>((context, call) =>
        {
            if (context.IsMixed && call.Dropout is null)
                HalfFeedForward.Forward(context, call);
            else
                FeedForward(context, call);
        });
        table.Add<Tensors.Ops.FeedForward.BackwardCall>((context, call) =>
        {
            if (call.Hidden.DType == DType.BFloat16)
                HalfFeedForward.Backward(context, call);
            else
                FeedForwardGradient(context, call);
        });
    }

    /// <summary>
    /// Runs a product by cuBLASLt where it is installed and has it, else by the kernel of ours. <paramref name="bias"/> and
    /// <paramref name="addend"/> may be 0: not there.
    /// </summary>
    public static void Multiply(
        KernelContext context, in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y)
    {
        long results = (long)shape.Batch * shape.M * shape.N;
        if (results == 0)
            return;
        if (context.IsMixed && !shape.IsMixed && shape.Type == StorageType.Float)
        {
            Multiply(context, shape with { IsMixed = true }, a, b, bias, addend, y);
            return;
        }

        if (context.Queue.TryMultiply(shape, a, b, bias, addend, y))
            return;
        // An activation that the library lacks is a pass of its own.
        bool isWhole = y.RowStride == shape.N && (shape.Batch == 1 || y.BatchStride == (long)shape.M * shape.N);
        if (shape.Activation != Activation.None && isWhole && context.Queue.TryMultiply(shape with { Activation = Activation.None }, a, b, bias, addend, y))
        {
            ElementwiseKernels.Unary(context.Queue, shape.Result, Elementwise.FunctionOf(shape.Activation), y.Address, y.Address, results);
            return;
        }

        ProductKernel.Run(context.Queue, shape, a, b, bias, addend, y, context.Workspace(ProductKernel.Workspace(context.Queue, shape)));
    }

    private static void MatMul(KernelContext context, MatMul.Call call)
    {
        // One right operand for a whole batch of untransposed left ones is one tall product.
        bool isShared = call.B.Rank == 2 && call.A.Rank > 2;
        int inner = call.A.Shape[call.TransposeA ? -2 : -1], columns = call.Y.Shape[-1];
        int rows = isShared ? checked((int)call.Y.Rows) : call.A.Shape[call.TransposeA ? -1 : -2];
        int batch = isShared ? 1 : checked((int)call.A.Shape.CountOf(0, call.A.Rank - 2));
        MatrixOnDevice a = call.TransposeA
            ? MatrixOnDevice.Contiguous(call.A.Address, inner, rows).Transposed : MatrixOnDevice.Contiguous(call.A.Address, rows, inner);
        MatrixOnDevice b = call.TransposeB
            ? MatrixOnDevice.Contiguous(call.B.Address, columns, inner).Transposed : MatrixOnDevice.Contiguous(call.B.Address, inner, columns);
        ProductShape shape = call.A.DType == DType.BFloat16
            ? new ProductShape(StorageType.BFloat16, rows, columns, inner, batch, GivesFloats: true) : new ProductShape(StorageType.Float, rows, columns, inner, batch);
        Multiply(context, shape, a, b, 0, 0, MatrixOnDevice.Contiguous(call.Y.Address, rows, columns));
    }

    private static void Linear(KernelContext context, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        if (x.DType == DType.BFloat16 || y.DType == DType.BFloat16)
            HalfLinear.Forward(context, x, weight, bias, activation, residual, y);
        else
            Linear(context, x.Address, weight, bias, activation, Addresses.Of(residual), y);
    }

    // act(x·Wᵀ + b), or x·Wᵀ + b + residual.
    private static void Linear(KernelContext context, nint x, Tensor weight, Tensor? bias, Activation activation, nint residual, Tensor y)
    {
        (int rows, int outputs, int inputs) = (checked((int)y.Rows), weight.Shape[0], weight.Shape[1]);
        Multiply(
            context, new ProductShape(StorageType.Float, rows, outputs, inputs, Activation: activation), MatrixOnDevice.Contiguous(x, rows, inputs),
            MatrixOnDevice.Contiguous(weight.Address, outputs, inputs).Transposed, Addresses.Of(bias), residual, MatrixOnDevice.Contiguous(y.Address, rows, outputs));
    }

    private static void LinearGradient(
        KernelContext context, nint x, Tensor weight, nint dy, long allRows, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        (int rows, int outputs, int inputs) = (checked((int)allRows), weight.Shape[0], weight.Shape[1]);
        MatrixOnDevice gradient = MatrixOnDevice.Contiguous(dy, rows, outputs), input = MatrixOnDevice.Contiguous(x, rows, inputs);
        if (dx is not null)
        {
            MatrixOnDevice result = input with { Address = dx.Address }, matrix = MatrixOnDevice.Contiguous(weight.Address, outputs, inputs);
            Multiply(context, new ProductShape(StorageType.Float, rows, inputs, outputs), gradient, matrix, 0, 0, result);
        }

        if (dweight is not null)
        {
            MatrixOnDevice result = MatrixOnDevice.Contiguous(dweight.Address, outputs, inputs);
            Multiply(context, new ProductShape(StorageType.Float, outputs, inputs, rows), gradient.Transposed, input, 0, 0, result);
        }

        if (dbias is not null)
            ReductionRequests.Reduce(context, ReduceFunction.Sum, dy, dbias.Address, 1, rows, outputs);
    }

    private static void FeedForward(KernelContext context, Tensors.Ops.FeedForward.Call call)
    {
        Tensor activated = context.Device.Empty(call.X.Shape.With(-1, call.Weight1.Shape[0]));
        if (call.Hidden is { } hidden)
        {
            Linear(context, call.X.Address, call.Weight1, call.Bias1, Activation.None, 0, hidden);
            Activate(context, call.Activation, hidden, activated);
        }
        else
        {
            Linear(context, call.X.Address, call.Weight1, call.Bias1, call.Activation, 0, activated);
        }

        Drop(context, call.Dropout, activated);
        Linear(context, activated.Address, call.Weight2, call.Bias2, Activation.None, Addresses.Of(call.Residual), call.Y);
    }

    private static void FeedForwardGradient(KernelContext context, Tensors.Ops.FeedForward.BackwardCall call)
    {
        Tensor activated = context.Device.Empty(call.Hidden.Shape), dactivated = context.Device.Empty(call.Hidden.Shape);
        Activate(context, call.Activation, call.Hidden, activated);
        Drop(context, call.Dropout, activated);
        LinearGradient(context, activated.Address, call.Weight2, call.Dy.Address, call.Dy.Rows, dactivated, call.Dweight2, call.Dbias2);
        Drop(context, call.Dropout, dactivated);
        if (call.Activation != Activation.None)
        {
            // The activated values serve where a derivative is written in the result.
            ElementwiseKernels.UnaryGradient(
                context.Queue, StorageType.Float, Elementwise.FunctionOf(call.Activation), call.Hidden.Address, activated.Address,
                dactivated.Address, dactivated.Address, dactivated.Count);
        }

        LinearGradient(context, call.X.Address, call.Weight1, dactivated.Address, call.Hidden.Rows, call.Dx, call.Dweight1, call.Dbias1);
    }

    private static void Drop(KernelContext context, (float Probability, Philox Generator)? dropout, Tensor x)
    {
        if (dropout is (float probability, Philox generator))
            RandomKernels.Dropout(context.Queue, x.Address, probability, context.Generator(generator), x.Address, x.Count);
    }

    private static void Activate(KernelContext context, Activation activation, Tensor x, Tensor y)
    {
        if (activation == Activation.None)
            CopyKernels.Copy(context.Queue, sizeof(float), x.Address, y.Address, x.Count);
        else
            ElementwiseKernels.Unary(context.Queue, StorageType.Float, Elementwise.FunctionOf(activation), x.Address, y.Address, x.Count);
    }
}
