using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Broadcast
{
    private interface IBinaryOperator
    {
        static abstract T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T>;
    }

    private readonly struct Add : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => a + b;
    }

    private readonly struct Subtract : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => a - b;
    }

    private readonly struct Multiply : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => a * b;
    }

    private readonly struct Divide : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => a / b;
    }

    private readonly struct Maximum : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => T.Select(T.Equal(a, a), T.Max(a, b), a);
    }

    private readonly struct Minimum : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => T.Select(T.Equal(a, a), T.Min(a, b), a);
    }

    private readonly struct Pow : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => VectorMath.PowSigned(a, b);
    }

    private readonly struct PowGradientBase : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> =>
            T.Select(T.Equal(b, T.Zero), T.Zero, b * VectorMath.PowSigned(a, b - T.Create(1f)));
    }

    private readonly struct PowGradientExponent : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T>
        {
            T gradient = VectorMath.PowSigned(a, b) * VectorMath.Log(a);
            return T.Select(T.Equal(a, T.Zero) & (T.GreaterThan(b, T.Zero) | T.Equal(b, T.Zero)), T.Zero, gradient);
        }
    }
}
