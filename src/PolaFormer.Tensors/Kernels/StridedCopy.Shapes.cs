namespace PolaFormer.Tensors.Kernels;

// Copies between contiguous layouts, described by their shapes.
internal static unsafe partial class StridedCopy
{
    /// <summary>Copies all of x with its dimensions in another order.</summary>
    /// <param name="x">First element.</param>
    /// <param name="xShape">Extents of x.</param>
    /// <param name="order">For each dimension of y the dimension of x.</param>
    /// <param name="y">First element of the copy.</param>
    /// <param name="yShape">Extents of y.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public static void Permute(void* x, Shape xShape, ReadOnlySpan<int> order, void* y, Shape yShape, int elementSize)
    {
        Span<nint> xStrides = stackalloc nint[xShape.Rank], permuted = stackalloc nint[xShape.Rank], yStrides = stackalloc nint[xShape.Rank];
        Strides(xShape, xStrides);
        Strides(yShape, yStrides);
        for (int i = 0; i < order.Length; i++)
            permuted[i] = xStrides[order[i]];
        Run(x, permuted, y, yStrides, yShape.AsSpan(), elementSize);
    }

    /// <summary>Copies <paramref name="length"/> places of a dimension from <paramref name="from"/> in x to <paramref name="to"/> in y; all other extents are equal.</summary>
    public static void Block(void* x, Shape xShape, int from, void* y, Shape yShape, int to, int dimension, int length, int elementSize)
    {
        Span<nint> xStrides = stackalloc nint[xShape.Rank], yStrides = stackalloc nint[xShape.Rank];
        Strides(xShape, xStrides);
        Strides(yShape, yStrides);
        byte* source = (byte*)x + (from * xStrides[dimension] * elementSize);
        byte* target = (byte*)y + (to * yStrides[dimension] * elementSize);
        Run(source, xStrides, target, yStrides, xShape.With(dimension, length).AsSpan(), elementSize);
    }

    /// <summary>Copies x to all places of y, whose shape x's broadcasts to.</summary>
    public static void Expand(void* x, Shape xShape, void* y, Shape yShape, int elementSize)
    {
        Span<nint> xStrides = stackalloc nint[xShape.Rank], repeated = stackalloc nint[yShape.Rank], yStrides = stackalloc nint[yShape.Rank];
        Strides(xShape, xStrides);
        Strides(yShape, yStrides);
        repeated.Clear();
        for (int i = 1; i <= xShape.Rank; i++)
        {
            if (xShape[-i] != 1)
                repeated[^i] = xStrides[^i];
        }

        Run(x, repeated, y, yStrides, yShape.AsSpan(), elementSize);
    }

    private static void Strides(Shape shape, Span<nint> strides)
    {
        nint stride = 1;
        for (int i = shape.Rank - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }
    }
}
