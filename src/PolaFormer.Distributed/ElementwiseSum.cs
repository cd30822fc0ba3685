using System.Numerics;
using System.Runtime.InteropServices;

namespace PolaFormer.Distributed;

/// <summary>Sums of vectors, element by element.</summary>
public static class ElementwiseSum
{
    /// <summary>Adds values to sums, of which there are as many.</summary>
    public static void AddTo(Span<float> sums, ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, sums.Length);
        Span<Vector<float>> wideSums = MemoryMarshal.Cast<float, Vector<float>>(sums);
        ReadOnlySpan<Vector<float>> wideValues = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (int i = 0; i < wideSums.Length; i++)
            wideSums[i] += wideValues[i];
        for (int i = wideSums.Length * Vector<float>.Count; i < sums.Length; i++)
            sums[i] += values[i];
    }
}
