using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

/// <summary>
/// A run of the last dimension's columns: the queries inside a joint query–key–value projection, without a copy.
/// </summary>
/// <param name="Source">The tensor, (…, width of the joint projection).</param>
/// <param name="Start">First column.</param>
/// <param name="Width">Number of columns.</param>
public readonly record struct Columns(Tensor Source, int Start, int Width)
{
    /// <summary>All columns of a tensor.</summary>
    public static implicit operator Columns(Tensor tensor) => new(tensor, 0, tensor.Shape[-1]);

    /// <summary>Floats between consecutive rows.</summary>
    internal int RowStride => Source.Shape[-1];

    /// <summary>Tokens per image: the product of the dimensions between the first and the last.</summary>
    public int Tokens => checked((int)Source.Shape.CountOf(1, Source.Rank - 1));

    /// <summary>First element of the run.</summary>
    internal unsafe float* Data => Source.Data + Start;

    /// <summary>The columns as a tensor of their own, (B, N, width); a copy where there are others beside them.</summary>
    internal Tensor ToTensor()
    {
        Tensor rows = Source.Reshape(Source.Shape[0], Tokens, RowStride);
        return Width == RowStride ? rows : rows.Slice(-1, Start, Width);
    }

    /// <summary>The rows, for kernels of attention: images lie behind one another.</summary>
    internal unsafe Rows Rows => new(Data, RowStride, (nint)Tokens * RowStride);

    /// <summary>The same columns of another tensor of the source's shape.</summary>
    internal Columns Of(Tensor other) => this with { Source = other };
}
