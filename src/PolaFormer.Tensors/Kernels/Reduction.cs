using System.Buffers;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Reductions over the middle of an (outer, reduce, inner) array. Sums run over short blocks in float32 whose totals are kept
/// in float64 or compensated, in an order that the shape alone decides.
/// </summary>
internal static unsafe partial class Reduction
{
    /// <summary>Values summed in float32 before the total moves on: the rounding error stays that of a short sum.</summary>
    private const int BlockLength = 1024;

    /// <summary>Rows of a column sum added in float32 before they are added to the compensated total.</summary>
    private const int BlockRows = 32;

    /// <summary>y(outer, inner) = scale·Σ over the middle of x(outer, reduce, inner); 0 where reduce is 0.</summary>
    public static void Sum(float* x, long outer, long reduce, long inner, float* y, float scale = 1)
    {
        if (outer * inner == 0)
            return;
        // Few outer rows are too few parts for the threads: then the reduced dimension is cut too, into chunks whose sums are added in a second step.
        int chunks = outer >= 32 ? 1 : Workers.PartsFor(reduce * inner, Math.Max(Elementwise.Grain, 4 * BlockRows * inner));
        var body = new SumBody { X = x, Y = y, Outer = outer, Reduce = reduce, Inner = inner, Chunks = chunks, Scale = scale };
        body.Parts = Workers.PartsFor(outer * reduce * inner, Elementwise.Grain);
        if (chunks == 1)
        {
            Workers.Run(body.Parts, body);
            return;
        }

        float[] rented = ArrayPool<float>.Shared.Rent(checked((int)(outer * chunks * inner)));
        fixed (float* partials = rented)
        {
            body.Y = partials;
            body.Scale = 1;
            body.Parts = (int)Math.Min(64, outer * chunks);
            Workers.Run(body.Parts, body);
            for (long o = 0; o < outer; o++)
            {
                for (long i = 0; i < inner; i++)
                {
                    double total = 0;
                    for (int c = 0; c < chunks; c++)
                        total += partials[(((o * chunks) + c) * inner) + i];
                    y[(o * inner) + i] = (float)(total * scale);
                }
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>y(outer, inner) = mean over the middle of x(outer, reduce, inner); NaN where reduce is 0.</summary>
    public static void Mean(float* x, long outer, long reduce, long inner, float* y) => Sum(x, outer, reduce, inner, y, 1f / reduce);

    /// <summary>y = the sum of <paramref name="parts"/> arrays <paramref name="step"/> apart (+ y), in their order.</summary>
    public static void SumParts(float* x, int parts, nint step, float* y, long count, bool accumulate)
    {
        int tasks = Workers.PartsFor(parts * count, Elementwise.Grain);
        Workers.Run(tasks, new PartsBody { X = x, Y = y, Arrays = parts, Step = step, Count = count, Tasks = tasks, Accumulate = accumulate });
    }

    /// <summary>Σ x², for norms.</summary>
    public static double SumOfSquares(float* x, long count) => Dot(x, x, count);

    /// <summary>Σ a·b.</summary>
    public static double Dot(float* a, float* b, long count)
    {
        int parts = Workers.PartsFor(count, Elementwise.Grain);
        double* partials = stackalloc double[parts];
        Workers.Run(parts, new DotBody { A = a, B = b, Partials = partials, Count = count, Parts = parts });
        double total = 0;
        for (int i = 0; i < parts; i++)
            total += partials[i];
        return total;
    }

    /// <summary>Σ x of one contiguous row, on the calling thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double RowSum<T>(float* x, long count) where T : unmanaged, IFloat32Vector<T>
    {
        double total = 0;
        while (count > 0)
        {
            int block = (int)Math.Min(count, BlockLength), i = 0;
            T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
            for (; i <= block - (4 * T.Count); i += 4 * T.Count)
            {
                s0 += T.Load(x + i);
                s1 += T.Load(x + i + T.Count);
                s2 += T.Load(x + i + (2 * T.Count));
                s3 += T.Load(x + i + (3 * T.Count));
            }

            for (; i <= block - T.Count; i += T.Count)
                s0 += T.Load(x + i);
            if (i < block)
                s1 += T.LoadPartial(x + i, block - i);
            total += T.Sum((s0 + s1) + (s2 + s3));
            x += block;
            count -= block;
        }

        return total;
    }

    /// <summary>Σ a·b of two contiguous rows, on the calling thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double RowDot<T>(float* a, float* b, long count) where T : unmanaged, IFloat32Vector<T>
    {
        double total = 0;
        while (count > 0)
        {
            int block = (int)Math.Min(count, BlockLength), i = 0;
            T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
            for (; i <= block - (4 * T.Count); i += 4 * T.Count)
            {
                s0 = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), s0);
                s1 = T.MultiplyAdd(T.Load(a + i + T.Count), T.Load(b + i + T.Count), s1);
                s2 = T.MultiplyAdd(T.Load(a + i + (2 * T.Count)), T.Load(b + i + (2 * T.Count)), s2);
                s3 = T.MultiplyAdd(T.Load(a + i + (3 * T.Count)), T.Load(b + i + (3 * T.Count)), s3);
            }

            for (; i <= block - T.Count; i += T.Count)
                s0 = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), s0);
            if (i < block)
                s1 = T.MultiplyAdd(T.LoadPartial(a + i, block - i), T.LoadPartial(b + i, block - i), s1);
            total += T.Sum((s0 + s1) + (s2 + s3));
            a += block;
            b += block;
            count -= block;
        }

        return total;
    }

    /// <summary>y = scale·(sum of the rows of x(rows, columns)), rows <paramref name="stride"/> apart, on the calling thread.</summary>
    internal static void ColumnSum<T>(float* x, long rows, long columns, long stride, float* y, float scale) where T : unmanaged, IFloat32Vector<T>
    {
        T factor = T.Create(scale);
        long j = 0;
        for (; j <= columns - (4 * T.Count); j += 4 * T.Count)
        {
            T t0 = T.Zero, t1 = T.Zero, t2 = T.Zero, t3 = T.Zero;
            T c0 = T.Zero, c1 = T.Zero, c2 = T.Zero, c3 = T.Zero;
            for (long i = 0; i < rows; i += BlockRows)
            {
                T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
                float* end = x + (Math.Min(rows, i + BlockRows) * stride) + j;
                for (float* row = x + (i * stride) + j; row < end; row += stride)
                {
                    s0 += T.Load(row);
                    s1 += T.Load(row + T.Count);
                    s2 += T.Load(row + (2 * T.Count));
                    s3 += T.Load(row + (3 * T.Count));
                }

                AddCompensated(ref t0, ref c0, s0);
                AddCompensated(ref t1, ref c1, s1);
                AddCompensated(ref t2, ref c2, s2);
                AddCompensated(ref t3, ref c3, s3);
            }

            T.Store(t0 * factor, y + j);
            T.Store(t1 * factor, y + j + T.Count);
            T.Store(t2 * factor, y + j + (2 * T.Count));
            T.Store(t3 * factor, y + j + (3 * T.Count));
        }

        for (; j < columns; j += T.Count)
        {
            int width = (int)Math.Min(T.Count, columns - j);
            T total = T.Zero, compensation = T.Zero;
            for (long i = 0; i < rows; i += BlockRows)
            {
                T sum = T.Zero;
                float* end = x + (Math.Min(rows, i + BlockRows) * stride) + j;
                for (float* row = x + (i * stride) + j; row < end; row += stride)
                    sum += T.LoadPartial(row, width);
                AddCompensated(ref total, ref compensation, sum);
            }

            T.StorePartial(total * factor, y + j, width);
        }
    }

    /// <summary>Kahan's sum: <paramref name="compensation"/> carries what rounding lost to the next addition.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddCompensated<T>(ref T total, ref T compensation, T value) where T : unmanaged, IFloat32Vector<T>
    {
        T y = value - compensation, t = total + y;
        compensation = t - total - y;
        total = t;
    }

    private struct SumBody : IParallelBody
    {
        public float* X, Y;
        public long Outer, Reduce, Inner;
        public int Chunks, Parts;
        public float Scale;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            long items = Outer * Chunks;
            for (long item = items * part / Parts; item < items * (part + 1) / Parts; item++)
            {
                (long o, long chunk) = Math.DivRem(item, Chunks);
                long from = Reduce * chunk / Chunks, to = Reduce * (chunk + 1) / Chunks;
                float* x = X + (((o * Reduce) + from) * Inner);
                if (Inner == 1)
                    Y[item] = (float)(RowSum<T>(x, to - from) * Scale);
                else
                    ColumnSum<T>(x, to - from, Inner, Inner, Y + (item * Inner), Scale);
            }
        }
    }

    private struct PartsBody : IParallelBody
    {
        public float* X, Y;
        public int Arrays, Tasks;
        public nint Step;
        public long Count;
        public bool Accumulate;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            long to = Count * (part + 1) / Tasks;
            for (long i = Count * part / Tasks; i < to; i += T.Count)
            {
                int width = (int)Math.Min(T.Count, to - i);
                T sum = T.LoadPartial(X + i, width);
                for (int array = 1; array < Arrays; array++)
                    sum += T.LoadPartial(X + (array * Step) + i, width);
                T.StorePartial(Accumulate ? T.LoadPartial(Y + i, width) + sum : sum, Y + i, width);
            }
        }
    }

    private struct DotBody : IParallelBody
    {
        public float* A, B;
        public double* Partials;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, count = (Count * (part + 1) / Parts) - from;
            Partials[part] = VectorWidth.Is512 ? RowDot<Float32x16>(A + from, B + from, count)
                : VectorWidth.Is256 ? RowDot<Float32x8>(A + from, B + from, count)
                : RowDot<Float32x4>(A + from, B + from, count);
        }
    }
}
