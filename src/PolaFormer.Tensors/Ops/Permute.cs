using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y has x's dimensions in the order <c>axes</c>, copied to be contiguous; ∂L/∂x is ∂L/∂y in the inverse order.</summary>
internal sealed class Permute(Tensor x, int[] axes) : Operator
{
    public static Tensor Forward(Tensor x, ReadOnlySpan<int> axes)
    {
        Span<int> extents = stackalloc int[x.Rank];
        int seen = 0;
        if (axes.Length != x.Rank)
            throw new ArgumentException($"{axes.Length} axes for a tensor of shape {x.Shape}.", nameof(axes));
        for (int i = 0; i < axes.Length; i++)
        {
            extents[i] = x.Shape[axes[i]];
            seen |= 1 << x.Shape.Normalize(axes[i]);
        }

        if (seen != (1 << x.Rank) - 1)
            throw new ArgumentException($"[{string.Join(", ", axes.ToArray())}] is no order of {x.Rank} dimensions.", nameof(axes));
        Tensor y = x.Device.Empty(new Shape(extents), x.DType);
        x.Device.Run(new Call(x, Order(x.Shape, axes), y));
        return Tape.IsRecording(x) ? Tape.Record(new Permute(x, axes.ToArray()), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Span<int> inverse = stackalloc int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
            inverse[x.Shape.Normalize(axes[i])] = i;
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Run(new Call(dy, new Shape(inverse), dx));
        Accumulate(x, dx);
    }

    // A shape holds the dimensions' numbers as it holds extents, without heap memory.
    private static Shape Order(Shape shape, ReadOnlySpan<int> axes)
    {
        Span<int> order = stackalloc int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
            order[i] = shape.Normalize(axes[i]);
        return new Shape(order);
    }

    /// <summary>For each dimension of y, <paramref name="Order"/> has the number of the dimension of x.</summary>
    internal readonly record struct Call(Tensor X, Shape Order, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Permute);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, X.DType);
            call.Reads(X, X.DType);
        }

        public unsafe void OnCpu() => Kernels.StridedCopy.Permute(X.Elements, X.Shape, Order.AsSpan(), Y.Elements, Y.Shape, X.DType.Size());
    }
}
