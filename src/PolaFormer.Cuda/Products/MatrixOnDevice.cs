namespace PolaFormer.Cuda.Products;

/// <summary>An operand of a product, in a kernel's memory: any strides, in elements.</summary>
/// <param name="Address">First element.</param>
/// <param name="RowStride">From one row to the next.</param>
/// <param name="ColumnStride">From one column to the next; one of both strides is 1.</param>
/// <param name="BatchStride">From one matrix to the next; 0 repeats it.</param>
internal readonly record struct MatrixOnDevice(nint Address, long RowStride, long ColumnStride, long BatchStride = 0)
{
    /// <summary>Rows without gaps.</summary>
    public static MatrixOnDevice Contiguous(nint address, int rows, int columns) => new(address, columns, 1, (long)rows * columns);

    /// <summary>The same elements, rows and columns exchanged.</summary>
    public MatrixOnDevice Transposed => this with { RowStride = ColumnStride, ColumnStride = RowStride };
}
