using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;
using Functions = PolaFormer.Tensors.Kernels.Elementwise;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that are done element by element.</summary>
internal static class ElementwiseRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Unary.Call>((context, call) =>
            ElementwiseKernels.Unary(context.Queue, KernelContext.StorageOf(call.Y), call.Function, call.X.Address, call.Y.Address, call.X.Count, context.IsMixed));
        table.Add<Unary.BackwardCall>((context, call) => ElementwiseKernels.UnaryGradient(
            context.Queue, StorageType.Float, call.Function,
            Functions.BackwardReadsInput(call.Function) ? call.X.Address : 0,
            Functions.BackwardReadsOutput(call.Function) ? call.Y.Address : 0,
            call.Dy.Address, call.Dx.Address, call.Dx.Count, context.IsMixed));
        table.Add<Binary.Call>((context, call) => ElementwiseKernels.Binary(
            context.Queue, StorageType.Float, call.Function, call.A.Address, call.B.Address, call.Y.Address, Broadcast(call.A, call.B, call.Y)));
        table.Add<Compare.Call>((context, call) => ElementwiseKernels.Compare(
            context.Queue, call.Comparison, call.A.Address, call.B.Address, call.Y.Address, Broadcast(call.A, call.B, call.Y)));
        table.Add<Affine.Call>((context, call) =>
            ElementwiseKernels.Affine(context.Queue, StorageType.Float, call.X.Address, call.Scale, call.Offset, call.Y.Address, call.X.Count));
        table.Add<AddScaled>((context, call) =>
            ElementwiseKernels.AddScaled(context.Queue, StorageType.Float, call.X.Address, call.A, call.Y.Address, call.B, call.X.Count));
        table.Add<Fill>((context, call) => ElementwiseKernels.Fill(context.Queue, call.Y.Address, call.Value, call.Y.Count));
        table.Add<Dropout.Call>((context, call) =>
            RandomKernels.Dropout(context.Queue, call.X.Address, call.Probability, context.Generator(call.Generator), call.Y.Address, call.X.Count));
        table.Add<Where.Call>((context, call) => ElementwiseKernels.Choose(
            context.Queue, call.Condition.Address, Addresses.Of(call.A), Addresses.Of(call.B), call.Y.Address, call.Y.Count));
    }

    private static Walk Broadcast(Tensor a, Tensor b, Tensor y)
    {
        Span<long> first = stackalloc long[y.Rank], second = stackalloc long[y.Rank];
        CopyRequests.Broadcast(a.Shape, y.Shape, first);
        CopyRequests.Broadcast(b.Shape, y.Shape, second);
        return new Walk(y.Shape.AsSpan(), first, second);
    }
}
