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
        x.Device.Permute(x, axes, y);
        return Tape.IsRecording(x) ? Tape.Record(new Permute(x, axes.ToArray()), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Span<int> inverse = stackalloc int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
            inverse[x.Shape.Normalize(axes[i])] = i;
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Permute(dy, inverse, dx);
        Accumulate(x, dx);
    }
}
