using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Reduction
{
    /// <summary>
    /// y(outer, inner) = largest value over the middle of x(outer, reduce, inner), and its first position where
    /// <paramref name="index"/> is given. A NaN counts as largest.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Nothing to take the maximum of.</exception>
    public static void Max(float* x, long outer, long reduce, long inner, float* y, int* index)
    {
        if (outer * inner == 0)
            return;
        ArgumentOutOfRangeException.ThrowIfLessThan(reduce, 1);
        int parts = (int)Math.Min(outer, Workers.PartsFor(outer * reduce * inner, Elementwise.Grain));
        Workers.Run(parts, new MaxBody { X = x, Y = y, Index = index, Outer = outer, Reduce = reduce, Inner = inner, Parts = parts });
    }

    /// <summary>dx(outer, reduce, inner) = dy at the position of the maximum, 0 elsewhere.</summary>
    public static void MaxBackward(float* dy, int* index, long outer, long reduce, long inner, float* dx)
    {
        Elementwise.Fill(dx, 0, outer * reduce * inner);
        for (long o = 0; o < outer; o++)
        {
            for (long i = 0; i < inner; i++)
                dx[(((o * reduce) + index[(o * inner) + i]) * inner) + i] = dy[(o * inner) + i];
        }
    }

    /// <summary>Whether every value is a number between −∞ and ∞.</summary>
    public static bool AllFinite(float* x, long count)
    {
        if (VectorWidth.Is512)
            return AllFinite<Float32x16>(x, count);
        return VectorWidth.Is256 ? AllFinite<Float32x8>(x, count) : AllFinite<Float32x4>(x, count);
    }

    private static bool AllFinite<T>(float* x, long count) where T : unmanaged, IFloat32Vector<T>
    {
        // x·0 is 0 for a finite x and NaN for the others.
        T sum = T.Zero;
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
            sum = T.MultiplyAdd(T.Load(x + i), T.Zero, sum);
        if (i < count)
            sum = T.MultiplyAdd(T.LoadPartial(x + i, (int)(count - i)), T.Zero, sum);
        return T.Sum(sum) == 0;
    }

    private struct MaxBody : IParallelBody
    {
        public float* X, Y;
        public int* Index;
        public long Outer, Reduce, Inner;
        public int Parts;

        public readonly void Run(int part)
        {
            for (long o = Outer * part / Parts; o < Outer * (part + 1) / Parts; o++)
            {
                float* y = Y + (o * Inner);
                int* index = Index == null ? null : Index + (o * Inner);
                if (VectorWidth.Is512)
                    Row<Float32x16>(X + (o * Reduce * Inner), y, index);
                else if (VectorWidth.Is256)
                    Row<Float32x8>(X + (o * Reduce * Inner), y, index);
                else
                    Row<Float32x4>(X + (o * Reduce * Inner), y, index);
            }
        }

        private readonly void Row<T>(float* x, float* y, int* index) where T : unmanaged, IFloat32Vector<T>
        {
            if (Inner == 1)
            {
                *y = RowMax<T>(x, Reduce);
                if (index != null)
                    *index = new ReadOnlySpan<float>(x, checked((int)Reduce)).IndexOf(*y);
                return;
            }

            for (long j = 0; j < Inner; j += T.Count)
            {
                int width = (int)Math.Min(T.Count, Inner - j);
                T best = T.LoadPartial(x + j, width), position = T.Zero;
                for (long i = 1; i < Reduce; i++)
                {
                    T value = T.LoadPartial(x + (i * Inner) + j, width);
                    // Larger, or a NaN where none was before.
                    T better = T.GreaterThan(value, best) | ((T.Equal(value, value) ^ T.CreateBits(-1)) & T.Equal(best, best));
                    best = T.Select(better, value, best);
                    position = T.Select(better, T.CreateBits((int)i), position);
                }

                T.StorePartial(best, y + j, width);
                if (index != null)
                    T.StorePartial(position, (float*)(index + j), width);
            }
        }
    }

    /// <summary>The largest value of a contiguous row of at least one; NaN where one is NaN.</summary>
    internal static float RowMax<T>(float* x, long count) where T : unmanaged, IFloat32Vector<T>
    {
        T first = T.Create(*x), max = first, ordered = T.Equal(first, first);
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            T value = T.Load(x + i);
            max = T.Max(value, max);
            ordered &= T.Equal(value, value);
        }

        if (i < count)
        {
            T value = T.Select(T.FirstLanes((int)(count - i)), T.LoadPartial(x + i, (int)(count - i)), first);
            max = T.Max(value, max);
            ordered &= T.Equal(value, value);
        }

        return T.Any(ordered ^ T.CreateBits(-1)) ? float.NaN : T.MaxLane(max);
    }
}
