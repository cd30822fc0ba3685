using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class VectorMath
{
    /// <summary>sin x, absolute error at most 1e-7 for |x| ≤ 8192 and the scalar function beyond. NaN at ±∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sin<T>(T x) where T : unmanaged, IFloat32Vector<T> => SinShifted(x, 0);

    /// <summary>cos x, absolute error at most 1e-7 for |x| ≤ 8192 and the scalar function beyond. NaN at ±∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Cos<T>(T x) where T : unmanaged, IFloat32Vector<T> => SinShifted(x, 1);

    /// <summary>sin(x + quarters·π/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SinShifted<T>(T x, int quarters) where T : unmanaged, IFloat32Vector<T>
    {
        const float TwoOverPi = 0.636619772f;
        T shifted = T.MultiplyAdd(x, T.Create(TwoOverPi), T.Create(RoundingMagic));
        T k = shifted - T.Create(RoundingMagic);
        // π/2 in pieces of at most 11 bits: their products with k < 2^13 are exact without a fused multiply.
        T r = T.MultiplyAdd(k, T.Create(-1.5703125f), x);
        r = T.MultiplyAdd(k, T.Create(-4.83751297e-4f), r);
        r = T.MultiplyAdd(k, T.Create(-7.54953362e-8f), r);
        r = T.MultiplyAdd(k, T.Create(-2.56334407e-12f), r);

        T z = r * r;
        // r + r³·P(r²) and 1 − r²/2 + r⁴·Q(r²): errors 5.7e-12 and 1.1e-10
        T sin = T.MultiplyAdd(T.Create(2.71736667e-06f), z, T.Create(-0.000198392328f));
        sin = T.MultiplyAdd(sin, z, T.Create(0.00833332911f));
        sin = T.MultiplyAdd(sin, z, T.Create(-0.166666672f));
        sin = T.MultiplyAdd(sin * z, r, r);
        T cos = T.MultiplyAdd(T.Create(2.4431205e-05f), z, T.Create(-0.0013887306f));
        cos = T.MultiplyAdd(cos, z, T.Create(0.0416666456f));
        cos = T.MultiplyAdd(cos * z, z, T.MultiplyAdd(z, T.Create(-0.5f), T.Create(1f)));

        // Bit 0 of the quadrant chooses the function, bit 1 the sign.
        T quadrant = T.AddBits(shifted, T.CreateBits(quarters));
        T useCos = T.ShiftRight(T.ShiftLeft(quadrant, 31), 31);
        T sign = T.ShiftLeft(T.ShiftRight(quadrant, 1), 31);
        T y = T.Select(useCos, cos, sin) ^ sign;

        T far = T.LessThan(T.Abs(x), T.Create(8192f)) ^ T.CreateBits(-1);
        return T.Any(far) ? SinFar(x, y, far, quarters) : y;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T SinFar<T>(T x, T near, T far, int quarters) where T : unmanaged, IFloat32Vector<T>
    {
        float* lanes = stackalloc float[T.Count];
        T.Store(x, lanes);
        for (int i = 0; i < T.Count; i++)
            lanes[i] = quarters == 0 ? MathF.Sin(lanes[i]) : MathF.Cos(lanes[i]);
        return T.Select(far, T.Load(lanes), near);
    }
}
