using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static partial class VectorMath
{
    /// <summary>
    /// x^p for x ≥ 0, as 2^(p·log₂ x) with the logarithm and the product in two floats: at most 2 ulp for |p| ≤ 8
    /// (the error grows with |p|: about 0.1·|p| ulp more). 0^p is 0 for p &gt; 0, 1 for p = 0, ∞ for p &lt; 0; ∞^p the reverse;
    /// x^0 is 1 for every x; results below 1.18e-38 are rounded into the subnormals. The sign of −0 is not looked at;
    /// below 0 the result is x itself and means nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Pow<T>(T x, T p) where T : unmanaged, IFloat32Vector<T>
    {
        (T high, T low) = Log2(x);
        T t = p * high;
        T tail = T.MultiplyAdd(p, low, T.FusedMultiplyAdd(p, high, -t));
        t = T.Min(T.Create(129f), T.Max(T.Create(-152f), t));
        T n = Round(t);
        // The bounds matter only where t was clamped: there the tail may be anything.
        T r = T.Max(T.Min(t - n + tail, T.Create(1f)), T.Create(-1f));
        T y = T.Scale(Exp2Fraction(r), n);

        T usual = T.GreaterThan(x, T.Zero) & T.LessThan(x, T.Create(float.PositiveInfinity)) & T.Equal(p, p);
        T reverse = T.Select(T.Equal(x, T.Zero), T.Create(float.PositiveInfinity), T.Zero);
        T special = T.Select(T.GreaterThan(p, T.Zero), x, T.Select(T.LessThan(p, T.Zero), T.Select(T.Equal(x, x), reverse, x), p + T.Create(1f)));
        return T.Select(usual, y, special);
    }

    /// <summary>
    /// a^p for any a: |a|^p, negated where a is negative and p an odd integer, NaN where a is negative and p no integer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T PowSigned<T>(T a, T p) where T : unmanaged, IFloat32Vector<T>
    {
        T magnitude = T.Abs(a), sign = a ^ magnitude;
        T y = Pow(magnitude, p);
        // From 2^24 on every float is an even integer, and Round is right only below 2^22.
        T bounded = T.Min(T.Create(4194303f), T.Abs(p)), half = bounded * T.Create(0.5f);
        T integer = T.Equal(Round(bounded), bounded);
        T odd = T.GreaterThan(T.Abs(half - Round(half)), T.Create(0.25f)) & integer & T.LessThan(T.Abs(p), T.Create(4194303f));
        T invalid = T.LessThan(a, T.Zero) & (integer ^ T.CreateBits(-1));
        return T.Select(invalid, T.Create(float.NaN), y | (sign & odd));
    }

    /// <summary>log₂ x as an unevaluated sum of two floats (Low at most half an ulp of High), absolute error below 2^-28 (far less near 1), for positive finite x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T High, T Low) Log2<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        const float Log2ELow = 1.92596299e-8f;
        (T e, T f) = SplitExponent(x);
        // ln(1 + f) = f − f²/2 + f³·P(f), absolute error 1.3e-9
        T p = T.Create(-0.0763120577f);
        p = T.MultiplyAdd(p, f, T.Create(0.128549203f));
        p = T.MultiplyAdd(p, f, T.Create(-0.132078886f));
        p = T.MultiplyAdd(p, f, T.Create(0.141900063f));
        p = T.MultiplyAdd(p, f, T.Create(-0.166165233f));
        p = T.MultiplyAdd(p, f, T.Create(0.200016156f));
        p = T.MultiplyAdd(p, f, T.Create(-0.25001061f));
        p = T.MultiplyAdd(p, f, T.Create(0.333333284f));
        T square = f * f, squareLow = T.FusedMultiplyAdd(f, f, -square), half = square * T.Create(0.5f);
        T sum = f - half;
        T low = T.MultiplyAdd(squareLow, T.Create(-0.5f), f - sum - half);
        low = T.MultiplyAdd(p * f, square, low);
        T log2 = sum * T.Create(Log2E);
        low = T.MultiplyAdd(low, T.Create(Log2E), T.MultiplyAdd(sum, T.Create(Log2ELow), T.FusedMultiplyAdd(sum, T.Create(Log2E), -log2)));
        // |e| ≥ 1 > |log2| or e = 0, and low is far smaller: the fast two-sums are exact.
        T wide = e + log2;
        low += e - wide + log2;
        T high = wide + low;
        return (high, wide - high + low);
    }

    /// <summary>2^r for |r| ≤ ½ (relative error 2.1e-9 before rounding).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Exp2Fraction<T>(T r) where T : unmanaged, IFloat32Vector<T>
    {
        T q = T.Create(0.000153523171f);
        q = T.MultiplyAdd(q, r, T.Create(0.00134001696f));
        q = T.MultiplyAdd(q, r, T.Create(0.00961844996f));
        q = T.MultiplyAdd(q, r, T.Create(0.0555032939f));
        q = T.MultiplyAdd(q, r, T.Create(0.240226477f));
        q = T.MultiplyAdd(q, r, T.Create(0.693147182f));
        return T.MultiplyAdd(q, r, T.Create(1f));
    }
}
