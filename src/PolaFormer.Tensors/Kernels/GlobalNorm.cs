using System.Buffers;
using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Σ x² over many arrays in float64: sixteen sums an array, one for each place modulo 16, added up in order, and the arrays' sums in order.</summary>
internal static unsafe class GlobalNorm
{
    private const int Lanes = 16;

    /// <summary>The sum over the rows' targets.</summary>
    public static double SumOfSquares(ReadOnlySpan<ArrayRow> rows)
    {
        long total = 0;
        foreach (ref readonly ArrayRow row in rows)
            total += row.Count;
        double[] sums = ArrayPool<double>.Shared.Rent(rows.Length);
        int parts = Workers.PartsFor(total, Elementwise.Grain);
        fixed (ArrayRow* first = rows)
        {
            fixed (double* partial = sums)
                Workers.Run(parts, new Body { Rows = first, RowCount = rows.Length, Sums = partial, Total = total, Parts = parts });
        }

        double sum = 0;
        for (int i = 0; i < rows.Length; i++)
            sum += sums[i];
        ArrayPool<double>.Shared.Return(sums);
        return sum;
    }

    // The product of two floats is exact in float64, so that fused and separate addition give the same bits.
    private static double SumOf(float* x, long count)
    {
        Vector256<double> a = default, b = default, c = default, d = default;
        long i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector256<double> x0, Vector256<double> x1) = Vector256.Widen(Vector256.Load(x + i));
            (Vector256<double> x2, Vector256<double> x3) = Vector256.Widen(Vector256.Load(x + i + 8));
            a += x0 * x0;
            b += x1 * x1;
            c += x2 * x2;
            d += x3 * x3;
        }

        double* sums = stackalloc double[Lanes];
        a.Store(sums);
        b.Store(sums + 4);
        c.Store(sums + 8);
        d.Store(sums + 12);
        for (; i < count; i++)
            sums[i % Lanes] += (double)x[i] * x[i];
        double total = 0;
        for (int lane = 0; lane < Lanes; lane++)
            total += sums[lane];
        return total;
    }

    private struct Body : IParallelBody
    {
        public ArrayRow* Rows;
        public double* Sums;
        public int RowCount, Parts;
        public long Total;

        // An array belongs to the part in which its middle lies: its sums are in one order for any number of parts.
        public readonly void Run(int part)
        {
            long start = 0;
            for (int row = 0; row < RowCount; start += Rows[row].Count, row++)
            {
                long middle = start + (Rows[row].Count / 2);
                if (Total == 0 ? part == 0 : middle >= Total * part / Parts && (middle < Total * (part + 1) / Parts || part == Parts - 1))
                    Sums[row] = SumOf(Rows[row].Target, Rows[row].Count);
            }
        }
    }
}
