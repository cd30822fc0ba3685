namespace PolaFormer.Tensors.Kernels;

/// <summary>Finds values that are NaN or infinite.</summary>
internal static unsafe class NonFinite
{
    /// <summary>How many there are in rows that lie <paramref name="stride"/> apart. Finite rows cost one pass at the speed of memory.</summary>
    public static (long NaNs, long Infinities) Count(float* x, long rows, long columns, long stride)
    {
        (long nans, long infinities) = (0, 0);
        for (long row = 0; row < rows; row++, x += stride)
        {
            if (Reduction.AllFinite(x, columns))
                continue;
            for (long i = 0; i < columns; i++)
            {
                nans += float.IsNaN(x[i]) ? 1 : 0;
                infinities += float.IsInfinity(x[i]) ? 1 : 0;
            }
        }

        return (nans, infinities);
    }
}
