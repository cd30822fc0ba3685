using System.Buffers;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Positions of the elements of rows in order. An element becomes a 64-bit key, its value above and its position below, so that
/// no two keys are equal and any sort is stable.
/// </summary>
internal static unsafe class ArgSort
{
    // Where fewer than one in so many elements of a row is chosen, it is scanned; else it is sorted.
    private const int ScannedFraction = 16;

    /// <summary>order(rows, count) = positions of the first <paramref name="count"/> elements of each row of x(rows, columns) in order.</summary>
    public static void Run(float* x, long rows, int columns, int count, bool isDescending, long* order)
    {
        if (rows == 0 || count == 0)
            return;
        int parts = (int)Math.Min(rows, Workers.PartsFor(rows * columns, Elementwise.Grain / 16));
        Workers.Run(parts, new Body { X = x, Order = order, Rows = rows, Columns = columns, Count = count, Flip = isDescending ? uint.MaxValue : 0, Parts = parts });
    }

    /// <summary>y = x as 64-bit integers.</summary>
    public static void Widen(int* x, long* y, long count)
    {
        for (long i = 0; i < count; i++)
            y[i] = x[i];
    }

    private struct Body : IParallelBody
    {
        public float* X;
        public long* Order;
        public long Rows;
        public int Columns, Count, Parts;
        public uint Flip;

        public readonly void Run(int part)
        {
            bool isScanned = Count < Columns / ScannedFraction;
            ulong[] rented = ArrayPool<ulong>.Shared.Rent(isScanned ? Count : Columns);
            Span<ulong> keys = rented.AsSpan(0, isScanned ? Count : Columns);
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                float* x = X + (row * Columns);
                if (isScanned)
                    Scan(x, keys);
                else
                    Sort(x, keys);
                for (int i = 0; i < Count; i++)
                    Order[(row * Count) + i] = (uint)keys[i];
            }

            ArrayPool<ulong>.Shared.Return(rented);
        }

        private readonly void Sort(float* x, Span<ulong> keys)
        {
            for (int i = 0; i < keys.Length; i++)
                keys[i] = KeyOf(x[i], i);
            keys.Sort();
        }

        // Keeps the least keys so far, in order.
        private readonly void Scan(float* x, Span<ulong> keys)
        {
            for (int i = 0; i < keys.Length; i++)
                keys[i] = KeyOf(x[i], i);
            keys.Sort();
            for (int i = keys.Length; i < Columns; i++)
            {
                ulong key = KeyOf(x[i], i);
                if (key >= keys[^1])
                    continue;
                int place = ~keys.BinarySearch(key);
                keys[place..^1].CopyTo(keys[(place + 1)..]);
                keys[place] = key;
            }
        }

        // As unsigned integers, the bits of positive floats are in order, those of negative ones in the reverse order.
        private readonly ulong KeyOf(float value, int position)
        {
            uint bits = float.IsNaN(value) ? 0x7FFFFFFF : value == 0 ? 0 : BitConverter.SingleToUInt32Bits(value);
            uint ascending = (int)bits < 0 ? ~bits : bits | 0x80000000;
            return ((ulong)(ascending ^ Flip) << 32) | (uint)position;
        }
    }
}
