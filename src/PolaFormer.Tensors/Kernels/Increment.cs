namespace PolaFormer.Tensors.Kernels;

/// <summary>Sums of integers with a number.</summary>
internal static unsafe class Increment
{
    /// <summary>y += value.</summary>
    public static void Run(long* y, long value, long count)
    {
        for (long i = 0; i < count; i++)
            y[i] += value;
    }
}
