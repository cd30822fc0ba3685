using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Softmax and log-softmax over the rows of (rows, columns). Outputs may be the inputs themselves.</summary>
internal static unsafe class Softmax
{
    /// <summary>Values summed in float32 before the total moves on in float64.</summary>
    private const int BlockLength = 1024;

    /// <summary>
    /// y = exp(x − max)/Σ exp(x − max) of each row, where x has the mask added if there is one.
    /// A row of −∞ gives NaN, as in torch; one of no columns nothing.
    /// </summary>
    public static void Forward(float* x, float* y, long rows, int columns, SoftmaxMask mask = default) =>
        Run(Kind.Forward, x, null, y, rows, columns, mask);

    /// <summary>dx = y·(dy − Σ dy·y); the gradient of the mask is the sum of these over the rows it served.</summary>
    public static void Backward(float* y, float* dy, float* dx, long rows, int columns) =>
        Run(Kind.Backward, y, dy, dx, rows, columns, default);

    /// <summary>y = x − max − ln Σ exp(x − max) of each row.</summary>
    public static void LogForward(float* x, float* y, long rows, int columns) =>
        Run(Kind.LogForward, x, null, y, rows, columns, default);

    /// <summary>dx = dy − exp(y)·Σ dy.</summary>
    public static void LogBackward(float* y, float* dy, float* dx, long rows, int columns) =>
        Run(Kind.LogBackward, y, dy, dx, rows, columns, default);

    private enum Kind
    {
        Forward,
        Backward,
        LogForward,
        LogBackward,
    }

    private static void Run(Kind kind, float* x, float* dy, float* y, long rows, int columns, SoftmaxMask mask)
    {
        if (rows == 0 || columns == 0)
            return;
        int parts = (int)Math.Min(rows, Workers.PartsFor(rows * columns, Elementwise.Grain / 2));
        Workers.Run(parts, new Body { Kind = kind, X = x, Dy = dy, Y = y, Rows = rows, Columns = columns, Mask = mask, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public Kind Kind;
        public float* X, Dy, Y;
        public long Rows;
        public int Columns, Parts;
        public SoftmaxMask Mask;

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
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                float* x = X + (row * Columns), y = Y + (row * Columns), dy = Dy + (row * Columns);
                switch (Kind)
                {
                    case Kind.Forward:
                        ForwardRow<T>(x, y, Mask.Values == null ? null : Mask.Values + (Mask.Row(row) * Columns), Columns);
                        break;
                    case Kind.LogForward:
                        LogForwardRow<T>(x, y, Columns);
                        break;
                    case Kind.Backward:
                        Combine<T, ForwardGradient>(x, dy, y, (float)Reduction.RowDot<T>(x, dy, Columns), Columns);
                        break;
                    case Kind.LogBackward:
                        Combine<T, LogGradient>(x, dy, y, (float)Reduction.RowSum<T>(dy, Columns), Columns);
                        break;
                }
            }
        }
    }

    /// <summary>One row of <see cref="Forward"/>, on the calling thread.</summary>
    internal static void ForwardRow<T>(float* x, float* y, float* mask, int columns) where T : unmanaged, IFloat32Vector<T>
    {
        if (mask != null)
        {
            AddRow<T>(x, mask, y, columns);
            x = y;
        }

        float max = Reduction.RowMax<T>(x, columns);
        T factor = T.Create((float)(1 / ExpSum<T>(x, y, max, columns)));
        int i = 0;
        for (; i <= columns - T.Count; i += T.Count)
            T.Store(T.Load(y + i) * factor, y + i);
        if (i < columns)
            T.StorePartial(T.LoadPartial(y + i, columns - i) * factor, y + i, columns - i);
    }

    private static void LogForwardRow<T>(float* x, float* y, int columns) where T : unmanaged, IFloat32Vector<T>
    {
        float max = Reduction.RowMax<T>(x, columns);
        T shift = T.Create(max), logSum = T.Create((float)Math.Log(ExpSum<T>(x, null, max, columns)));
        int i = 0;
        for (; i <= columns - T.Count; i += T.Count)
            T.Store(T.Load(x + i) - shift - logSum, y + i);
        if (i < columns)
            T.StorePartial(T.LoadPartial(x + i, columns - i) - shift - logSum, y + i, columns - i);
    }

    /// <summary>Σ exp(x − max) of a row; the exponentials go to <paramref name="y"/> unless it is null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double ExpSum<T>(float* x, float* y, float max, int columns) where T : unmanaged, IFloat32Vector<T>
    {
        T shift = T.Create(max);
        double total = 0;
        for (int from = 0; from < columns; from += BlockLength)
        {
            int to = Math.Min(columns, from + BlockLength), i = from;
            T sum = T.Zero;
            for (; i <= to - T.Count; i += T.Count)
            {
                T e = VectorMath.ExpOrZero(T.Load(x + i) - shift);
                sum += e;
                if (y != null)
                    T.Store(e, y + i);
            }

            if (i < to)
            {
                T e = VectorMath.ExpOrZero(T.LoadPartial(x + i, to - i) - shift) & T.FirstLanes(to - i);
                sum += e;
                if (y != null)
                    T.StorePartial(e, y + i, to - i);
            }

            total += T.Sum(sum);
        }

        return total;
    }

    private static void AddRow<T>(float* a, float* b, float* y, int columns) where T : unmanaged, IFloat32Vector<T>
    {
        int i = 0;
        for (; i <= columns - T.Count; i += T.Count)
            T.Store(T.Load(a + i) + T.Load(b + i), y + i);
        if (i < columns)
            T.StorePartial(T.LoadPartial(a + i, columns - i) + T.LoadPartial(b + i, columns - i), y + i, columns - i);
    }

    private interface IGradient
    {
        static abstract T Invoke<T>(T y, T dy, T total) where T : unmanaged, IFloat32Vector<T>;
    }

    private readonly struct ForwardGradient : IGradient
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T y, T dy, T total) where T : unmanaged, IFloat32Vector<T> => y * (dy - total);
    }

    private readonly struct LogGradient : IGradient
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T y, T dy, T total) where T : unmanaged, IFloat32Vector<T> => dy - (VectorMath.Exp(y) * total);
    }

    private static void Combine<T, TGradient>(float* y, float* dy, float* dx, float rowTotal, int columns)
        where T : unmanaged, IFloat32Vector<T> where TGradient : struct, IGradient
    {
        T total = T.Create(rowTotal);
        int i = 0;
        for (; i <= columns - T.Count; i += T.Count)
            T.Store(TGradient.Invoke(T.Load(y + i), T.Load(dy + i), total), dx + i);
        if (i < columns)
            T.StorePartial(TGradient.Invoke(T.LoadPartial(y + i, columns - i), T.LoadPartial(dy + i, columns - i), total), dx + i, columns - i);
    }
}
