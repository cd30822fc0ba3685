using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Elementwise
{
    /// <summary>y = value.</summary>
    public static void Fill(float* y, float value, long count) => Combine<FillOperator>(y, y, y, value, 0, count);

    /// <summary>y = scale·x + offset.</summary>
    public static void Affine(float scale, float offset, float* x, float* y, long count) => Combine<AffineOperator>(x, x, y, scale, offset, count);

    /// <summary>y = a·x + b·y; y is not read where b is 0.</summary>
    public static void AddScaled(float a, float* x, float b, float* y, long count)
    {
        if (b == 0)
            Affine(a, 0, x, y, count);
        else
            Combine<AddScaledOperator>(x, x, y, a, b, count);
    }

    /// <summary>y += a·b, value by value.</summary>
    public static void MultiplyAccumulate(float* a, float* b, float* y, long count) => Combine<MultiplyAccumulateOperator>(a, b, y, 0, 0, count);

    private interface ICombineOperator
    {
        static abstract bool ReadsInputs { get; }

        static abstract bool ReadsOutput { get; }

        static abstract T Invoke<T>(T x, T z, T y, T a, T b) where T : unmanaged, IFloat32Vector<T>;
    }

    private readonly struct FillOperator : ICombineOperator
    {
        public static bool ReadsInputs => false;

        public static bool ReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x, T z, T y, T a, T b) where T : unmanaged, IFloat32Vector<T> => a;
    }

    private readonly struct AffineOperator : ICombineOperator
    {
        public static bool ReadsInputs => true;

        public static bool ReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x, T z, T y, T a, T b) where T : unmanaged, IFloat32Vector<T> => T.MultiplyAdd(a, x, b);
    }

    private readonly struct AddScaledOperator : ICombineOperator
    {
        public static bool ReadsInputs => true;

        public static bool ReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x, T z, T y, T a, T b) where T : unmanaged, IFloat32Vector<T> => T.MultiplyAdd(a, x, b * y);
    }

    private readonly struct MultiplyAccumulateOperator : ICombineOperator
    {
        public static bool ReadsInputs => true;

        public static bool ReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T x, T z, T y, T a, T b) where T : unmanaged, IFloat32Vector<T> => T.MultiplyAdd(x, z, y);
    }

    private static void Combine<TOperator>(float* x, float* z, float* y, float a, float b, long count) where TOperator : struct, ICombineOperator
    {
        int parts = Workers.PartsFor(count, Grain);
        Workers.Run(parts, new CombineBody<TOperator> { X = x, Z = z, Y = y, A = a, B = b, Count = count, Parts = parts });
    }

    private struct CombineBody<TOperator> : IParallelBody where TOperator : struct, ICombineOperator
    {
        public float* X, Z, Y;
        public float A, B;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, count = (Count * (part + 1) / Parts) - from;
            if (VectorWidth.Is512)
                Traverse<Float32x16>(X + from, Z + from, Y + from, A, B, count);
            else if (VectorWidth.Is256)
                Traverse<Float32x8>(X + from, Z + from, Y + from, A, B, count);
            else
                Traverse<Float32x4>(X + from, Z + from, Y + from, A, B, count);
        }

        private static void Traverse<T>(float* x, float* z, float* y, float scaleA, float scaleB, long count) where T : unmanaged, IFloat32Vector<T>
        {
            T a = T.Create(scaleA), b = T.Create(scaleB);
            long i = 0;
            for (; i <= count - T.Count; i += T.Count)
            {
                T input = TOperator.ReadsInputs ? T.Load(x + i) : a, factor = TOperator.ReadsInputs ? T.Load(z + i) : a;
                T.Store(TOperator.Invoke(input, factor, TOperator.ReadsOutput ? T.Load(y + i) : a, a, b), y + i);
            }

            if (i < count)
            {
                int rest = (int)(count - i);
                T input = TOperator.ReadsInputs ? T.LoadPartial(x + i, rest) : a, factor = TOperator.ReadsInputs ? T.LoadPartial(z + i, rest) : a;
                T.StorePartial(TOperator.Invoke(input, factor, TOperator.ReadsOutput ? T.LoadPartial(y + i, rest) : a, a, b), y + i, rest);
            }
        }
    }
}
