using System.Buffers;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Sines and cosines of positions on a grid times angles.</summary>
internal static unsafe class RotaryTables
{
    /// <summary>sin, cos (height·width, 2·count): the first half of a row of its row on the grid, the second of its column.</summary>
    public static void Run(float* angle, int count, int height, int width, float* sin, float* cos)
    {
        // Few distinct angles: one row of the table for each position along the longer side.
        int positions = Math.Max(height, width), length = positions * count;
        float[] rented = ArrayPool<float>.Shared.Rent(2 * length);
        Span<float> sines = rented.AsSpan(0, length), cosines = rented.AsSpan(length, length);
        for (int i = 0; i < length; i++)
            (sines[i], cosines[i]) = MathF.SinCos(i / count * angle[i % count]);
        var table = new Shape(height * width, 2 * count);
        Spread(sines, new Span<float>(sin, (int)table.Count), width, count);
        Spread(cosines, new Span<float>(cos, (int)table.Count), width, count);
        ArrayPool<float>.Shared.Return(rented);
    }

    private static void Spread(ReadOnlySpan<float> byPosition, Span<float> table, int width, int count)
    {
        for (int token = 0; token * 2 * count < table.Length; token++)
        {
            Span<float> row = table.Slice(token * 2 * count, 2 * count);
            byPosition.Slice(token / width * count, count).CopyTo(row);
            byPosition.Slice(token % width * count, count).CopyTo(row[count..]);
        }
    }
}
