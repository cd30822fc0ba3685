using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that move elements.</summary>
internal static class CopyRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Copy>((context, call) => CopyKernels.Copy(context.Queue, call.X.DType.Size(), call.X.Address, call.Y.Address, call.X.Count));
        table.Add<Tensors.Ops.Convert>(Convert);
        table.Add<Expand.Call>(Expand);
        table.Add<Permute.Call>(Permute);
        table.Add<Slice.Call>((context, call) => Block(context, call.X, call.Start, call.Y, 0, call.Dimension, call.Y.Shape[call.Dimension]));
        table.Add<SliceScatter>((context, call) => Block(context, call.X, 0, call.Y, call.Start, call.Dimension, call.X.Shape[call.Dimension]));
        table.Add<Roll.Call>(Roll);
    }

    /// <summary>Strides of a tensor that is repeated to a shape: 0 in the dimensions in which it is.</summary>
    public static void Broadcast(Shape shape, Shape result, Span<long> strides)
    {
        long stride = 1;
        for (int i = 1; i <= result.Rank; i++)
        {
            int extent = i <= shape.Rank ? shape[-i] : 1;
            strides[^i] = extent == 1 ? 0 : stride;
            stride *= extent;
        }
    }

    private static void Convert(KernelContext context, Tensors.Ops.Convert call)
    {
        if (call.X.DType == call.Y.DType)
            CopyKernels.Copy(context.Queue, call.X.DType.Size(), call.X.Address, call.Y.Address, call.X.Count);
        else if (call.X.DType == DType.Float32 || call.Y.DType == DType.Float32)
            CopyKernels.Convert(context.Queue, call.X.DType, call.X.Address, call.Y.DType, call.Y.Address, call.X.Count);
        else
            throw new InvalidOperationException($"Conversion from {call.X.DType} to {call.Y.DType} goes by Float32: convert twice.");
    }

    private static void Expand(KernelContext context, Expand.Call call)
    {
        Span<long> x = stackalloc long[call.Y.Rank], y = stackalloc long[call.Y.Rank];
        Broadcast(call.X.Shape, call.Y.Shape, x);
        Broadcast(call.Y.Shape, call.Y.Shape, y);
        CopyKernels.Copy(context.Queue, call.X.DType.Size(), call.X.Address, call.Y.Address, new Walk(call.Y.Shape.AsSpan(), x, y));
    }

    private static void Permute(KernelContext context, Permute.Call call)
    {
        int rank = call.Y.Rank;
        Span<long> source = stackalloc long[rank], x = stackalloc long[rank], y = stackalloc long[rank];
        Broadcast(call.X.Shape, call.X.Shape, source);
        Broadcast(call.Y.Shape, call.Y.Shape, y);
        for (int i = 0; i < rank; i++)
            x[i] = source[call.Order[i]];
        CopyKernels.Copy(context.Queue, call.X.DType.Size(), call.X.Address, call.Y.Address, new Walk(call.Y.Shape.AsSpan(), x, y));
    }

    private static void Roll(KernelContext context, Roll.Call call)
    {
        int extent = call.X.Shape[call.Dimension];
        if (extent == 0)
            return;
        int shift = ((call.Shift % extent) + extent) % extent;
        Block(context, call.X, 0, call.Y, shift, call.Dimension, extent - shift);
        Block(context, call.X, extent - shift, call.Y, 0, call.Dimension, shift);
    }

    /// <summary>So many places of a dimension, from one place of x to one of y.</summary>
    private static void Block(KernelContext context, Tensor x, int xStart, Tensor y, int yStart, int dimension, int extent)
    {
        int size = x.DType.Size();
        long outer = x.Shape.CountOf(0, dimension), inner = x.Shape.CountOf(dimension + 1, x.Rank);
        var walk = new Walk(
            [checked((int)outer), extent, checked((int)inner)], [x.Shape[dimension] * inner, inner, 1], [y.Shape[dimension] * inner, inner, 1]);
        CopyKernels.Copy(context.Queue, size, x.Address + (nint)(xStart * inner * size), y.Address + (nint)(yStart * inner * size), walk);
    }
}
