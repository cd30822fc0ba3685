namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// An additive mask (groups, rowsPerGroup, columns) for softmax over (…, repeat, rowsPerGroup, columns): it changes group every
/// <paramref name="repeat"/>·<paramref name="rowsPerGroup"/> rows and starts over after the last. For windows × heads: groups = windows
/// of an image, repeat = heads. For one mask over all: groups = repeat = 1.
/// </summary>
internal readonly unsafe struct SoftmaxMask(float* values, int groups, int rowsPerGroup, int repeat)
{
    public float* Values { get; } = values;

    /// <summary>The row of the mask for a row of the input.</summary>
    public long Row(long row)
    {
        (long block, long rowInGroup) = Math.DivRem(row, rowsPerGroup);
        return (block / repeat % groups * rowsPerGroup) + rowInGroup;
    }
}
