using System.Buffers;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Broadcast
{
    /// <summary>
    /// Sums an array to a shape that broadcasts to its own: the gradient of an operand that was stretched.
    /// The sum is that of <see cref="Reduction.Sum"/>, one run of neighbouring stretched dimensions after the other.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="targetShape"/> does not broadcast to <paramref name="sourceShape"/>.</exception>
    public static void SumTo(float* source, Shape sourceShape, float* target, Shape targetShape)
    {
        if (targetShape.Rank > sourceShape.Rank || Shape.Broadcast(sourceShape, targetShape) != sourceShape)
            throw new ArgumentException($"Shape {targetShape} does not broadcast to {sourceShape}.", nameof(targetShape));

        // Neighbouring dimensions that are all summed or all kept are one run.
        Span<long> extents = stackalloc long[Shape.MaxRank];
        Span<bool> summed = stackalloc bool[Shape.MaxRank];
        int runs = 0, offset = sourceShape.Rank - targetShape.Rank;
        for (int i = 0; i < sourceShape.Rank; i++)
        {
            if (sourceShape[i] == 1)
                continue;
            bool sum = i < offset || targetShape[i - offset] == 1;
            if (runs > 0 && summed[runs - 1] == sum)
                extents[runs - 1] *= sourceShape[i];
            else
                (extents[runs], summed[runs++]) = (sourceShape[i], sum);
        }

        int last = runs - 1;
        while (last >= 0 && !summed[last])
            last--;
        if (last < 0)
        {
            Elementwise.Affine(1, 0, source, target, sourceShape.Count);
            return;
        }

        SumRuns(source, extents[..runs], summed[..runs], last, target);
    }

    /// <summary>Sums run <paramref name="run"/>, then the other summed runs of what is left.</summary>
    private static void SumRuns(float* source, Span<long> extents, Span<bool> summed, int run, float* target)
    {
        long outer = 1, inner = 1;
        for (int i = 0; i < run; i++)
            outer *= extents[i];
        for (int i = run + 1; i < extents.Length; i++)
            inner *= extents[i];
        int next = run - 1;
        while (next >= 0 && !summed[next])
            next--;
        if (next < 0)
        {
            Reduction.Sum(source, outer, extents[run], inner, target);
            return;
        }

        float[] rented = ArrayPool<float>.Shared.Rent(checked((int)(outer * inner)));
        fixed (float* partial = rented)
        {
            Reduction.Sum(source, outer, extents[run], inner, partial);
            extents[run] = 1;
            SumRuns(partial, extents, summed, next, target);
        }

        ArrayPool<float>.Shared.Return(rented);
    }
}
