using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Broadcast
{
    /// <summary>y = 1 where a and b are in the relation, else 0; <paramref name="y"/> as in <see cref="Binary"/>.</summary>
    public static void Compare(Comparison comparison, float* a, Shape aShape, float* b, Shape bShape, float* y, Shape yShape)
    {
        switch (comparison)
        {
            case Comparison.Equal: Run<Equal>(a, aShape, b, bShape, y, yShape); break;
            case Comparison.NotEqual: Run<NotEqual>(a, aShape, b, bShape, y, yShape); break;
            case Comparison.Less: Run<Less>(a, aShape, b, bShape, y, yShape); break;
            case Comparison.LessOrEqual: Run<LessOrEqual>(a, aShape, b, bShape, y, yShape); break;
            case Comparison.Greater: Run<Less>(b, bShape, a, aShape, y, yShape); break;
            case Comparison.GreaterOrEqual: Run<LessOrEqual>(b, bShape, a, aShape, y, yShape); break;
            default: throw new ArgumentOutOfRangeException(nameof(comparison), comparison, "Unknown relation.");
        }
    }

    private readonly struct Equal : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => T.Equal(a, b) & T.Create(1f);
    }

    private readonly struct NotEqual : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => T.Select(T.Equal(a, b), T.Zero, T.Create(1f));
    }

    private readonly struct Less : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => T.LessThan(a, b) & T.Create(1f);
    }

    private readonly struct LessOrEqual : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Invoke<T>(T a, T b) where T : unmanaged, IFloat32Vector<T> => (T.LessThan(a, b) | T.Equal(a, b)) & T.Create(1f);
    }
}
