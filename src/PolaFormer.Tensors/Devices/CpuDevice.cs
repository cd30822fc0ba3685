using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>The processor: hands tensors' pointers and extents to the kernels. Grouped by file as the kernels are.</summary>
internal sealed unsafe partial class CpuDevice : Device
{
    /// <inheritdoc/>
    public override string Name => "cpu";

    internal override Storage Allocate(long bytes) => Storage.Allocate(bytes);

    internal override void Fill(Tensor y, float value) => Elementwise.Fill(y.Data, value, y.Count);

    internal override void CopyBytes(Tensor x, Tensor y) => Buffer.MemoryCopy(First(x), First(y), y.ByteCount, x.ByteCount);

    internal override void Convert(Tensor x, Tensor y)
    {
        if (x.DType == y.DType)
            CopyBytes(x, y);
        else if (y.DType == DType.Float32)
            HalfConversion.ToFloat32(x.DType, First(x), y.Data, x.Count);
        else if (x.DType == DType.Float32)
            HalfConversion.FromFloat32(x.Data, y.DType, First(y), x.Count);
        else
            throw new InvalidOperationException($"Conversion from {x.DType} to {y.DType} goes by Float32: convert twice.");
    }

    internal override void Permute(Tensor x, ReadOnlySpan<int> axes, Tensor y)
    {
        Span<nint> xStrides = stackalloc nint[x.Rank], permuted = stackalloc nint[x.Rank], yStrides = stackalloc nint[x.Rank];
        Strides(x.Shape, xStrides);
        Strides(y.Shape, yStrides);
        for (int i = 0; i < axes.Length; i++)
            permuted[i] = xStrides[x.Shape.Normalize(axes[i])];
        StridedCopy.Run(First(x), permuted, First(y), yStrides, y.Shape.AsSpan(), x.DType.Size());
    }

    internal override void Slice(Tensor x, int dimension, int start, Tensor y) =>
        CopyBlock(x, dimension, start, y, 0, y.Shape[dimension]);

    internal override void Paste(Tensor x, Tensor y, int dimension, int start) =>
        CopyBlock(x, dimension, 0, y, start, x.Shape[dimension]);

    internal override void Roll(Tensor x, int dimension, int shift, Tensor y)
    {
        int extent = x.Shape[dimension];
        if (extent == 0)
            return;
        shift = ((shift % extent) + extent) % extent;
        CopyBlock(x, dimension, 0, y, shift, extent - shift);
        CopyBlock(x, dimension, extent - shift, y, 0, shift);
    }

    // Copies `length` places of a dimension from `from` in x to `to` in y; all other extents agree.
    private static void CopyBlock(Tensor x, int dimension, int from, Tensor y, int to, int length)
    {
        Span<nint> xStrides = stackalloc nint[x.Rank], yStrides = stackalloc nint[x.Rank];
        Strides(x.Shape, xStrides);
        Strides(y.Shape, yStrides);
        int size = x.DType.Size();
        byte* source = (byte*)First(x) + (from * xStrides[dimension] * size);
        byte* target = (byte*)First(y) + (to * yStrides[dimension] * size);
        StridedCopy.Run(source, xStrides, target, yStrides, x.Shape.With(dimension, length).AsSpan(), size);
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

    private static void* First(Tensor x) => (byte*)x.Storage.Pointer + (x.Offset * x.DType.Size());

    private static float* DataOrNull(Tensor? x) => x is null ? null : x.Data;

    private static int Rows(Tensor x) => x.Shape[-1] == 0 ? 0 : checked((int)(x.Count / x.Shape[-1]));
}
