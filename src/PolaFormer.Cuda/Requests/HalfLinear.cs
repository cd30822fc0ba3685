using PolaFormer.Cuda.Products;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Requests;

/// <summary>
/// Linear layers in mixed precision whose input or result is stored in bfloat16: products read and write it as it is. Residuals,
/// gradients and all sums are floats.
/// </summary>
internal static class HalfLinear
{
    public static void Forward(KernelContext context, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        (int rows, int outputs, int inputs) = (checked((int)y.Rows), weight.Shape[0], weight.Shape[1]);
        ProductRequests.Multiply(
            context, new ProductShape(StorageType.BFloat16, rows, outputs, inputs, Activation: activation, GivesFloats: y.DType == DType.Float32),
            MatrixOnDevice.Contiguous(context.InHalf(x), rows, inputs), MatrixOnDevice.Contiguous(context.InHalf(weight), outputs, inputs).Transposed,
            Addresses.Of(bias), Addresses.Of(residual), MatrixOnDevice.Contiguous(y.Address, rows, outputs));
    }

    public static void Backward(KernelContext context, Tensors.Ops.Linear.BackwardCall call)
    {
        (int rows, int outputs, int inputs) = (checked((int)call.Dy.Rows), call.Weight.Shape[0], call.Weight.Shape[1]);
        MatrixOnDevice gradient = MatrixOnDevice.Contiguous(context.InHalf(call.Dy), rows, outputs);
        if (call.Dx is not null)
        {
            ProductRequests.Multiply(
                context, new ProductShape(StorageType.BFloat16, rows, inputs, outputs, GivesFloats: true), gradient,
                MatrixOnDevice.Contiguous(context.InHalf(call.Weight), outputs, inputs), 0, 0, MatrixOnDevice.Contiguous(call.Dx.Address, rows, inputs));
        }

        MatrixOnDevice input = MatrixOnDevice.Contiguous(call.X.Address, rows, inputs);
        if (!WeightGradient(context, rows, gradient, input, call.Dweight, call.Dbias) && call.Dbias is not null)
            ReductionRequests.Reduce(context, ReduceFunction.Sum, call.Dy.Address, call.Dbias.Address, 1, rows, outputs);
    }

    /// <summary>
    /// ∂W = ∂yᵀ·x, in floats, of operands in bfloat16; and in the same product ∂b = Σ ∂y where the library has that. Says whether ∂b
    /// was computed.
    /// </summary>
    public static bool WeightGradient(KernelContext context, int rows, in MatrixOnDevice gradient, in MatrixOnDevice input, Tensor? dweight, Tensor? dbias)
    {
        if (dweight is null)
            return false;
        (int outputs, int inputs) = (dweight.Shape[0], dweight.Shape[1]);
        var shape = new ProductShape(StorageType.BFloat16, outputs, inputs, rows, GivesFloats: true);
        MatrixOnDevice y = MatrixOnDevice.Contiguous(dweight.Address, outputs, inputs);
        if (dbias is not null && context.Queue.TryMultiply(shape with { SumsRows = true }, gradient.Transposed, input, dbias.Address, 0, y))
            return true;
        ProductRequests.Multiply(context, shape, gradient.Transposed, input, 0, 0, y);
        return false;
    }
}
