using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Elementary functions on float32 vectors of any width. Polynomials are minimax fits (Remez exchange) with the relative error
/// named at each; the bounds in ulp are measured over the whole range against double precision.
/// </summary>
internal static partial class VectorMath
{
    /// <summary>1.5·2^23: adding it to |x| below 2^22 leaves x rounded to an integer in the low bits.</summary>
    private const float RoundingMagic = 12582912f;

    private const float Log2E = 1.44269504f;

    /// <summary>ln 2 = High − Low; High has 9 bits, so that its product with an exponent is exact without a fused multiply.</summary>
    private const float Ln2High = 0.693359375f, Ln2Low = 2.12194440e-4f;

    private const float MinNormal = 1.17549435e-38f;

    /// <summary>The nearest integer for |x| &lt; 2^22, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Round<T>(T x) where T : unmanaged, IFloat32Vector<T> =>
        x + T.Create(RoundingMagic) - T.Create(RoundingMagic);

    /// <summary>e^x, at most 1.1 ulp. 0 at −∞, 1 at 0, ∞ above 88.7228; results below 1.18e-38 are rounded into the subnormals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x) where T : unmanaged, IFloat32Vector<T> =>
        ExpInRange(T.Min(T.Create(89f), T.Max(T.Create(-104.5f), x)));

    /// <summary>
    /// <see cref="Exp{T}"/> for x ≤ 0 or NaN, but 0 below −87: before the subnormal numbers, with which many processors multiply
    /// a hundred times more slowly and of which masked softmax is full.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExpOrZero<T>(T x) where T : unmanaged, IFloat32Vector<T> =>
        T.Select(T.LessThan(x, T.Create(-87f)), T.Zero, Exp(x));

    /// <summary><see cref="Exp{T}"/> for −104.5 ≤ x ≤ 89 or NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpInRange<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        T n = Round(x * T.Create(Log2E));
        return T.Scale(T.Create(1f) + ExpRemainderMinusOne(x, n), n);
    }

    /// <summary>e^r − 1 for r = x − n·ln 2, |r| ≤ 0.35 (relative error of e^r 3.3e-9 before rounding).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpRemainderMinusOne<T>(T x, T n) where T : unmanaged, IFloat32Vector<T>
    {
        T r = T.MultiplyAdd(n, T.Create(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Create(Ln2Low), r);
        T q = T.Create(0.00138131448f);
        q = T.MultiplyAdd(q, r, T.Create(0.00836941879f));
        q = T.MultiplyAdd(q, r, T.Create(0.041668456f));
        q = T.MultiplyAdd(q, r, T.Create(0.166665152f));
        q = T.MultiplyAdd(q, r, T.Create(0.49999994f));
        return T.MultiplyAdd(q * r, r, r);
    }

    /// <summary>e^x − 1 without cancellation, at most 2 ulp. −1 at −∞, x near 0, ∞ at ∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExpMinusOne<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        x = T.Min(T.Create(89f), T.Max(T.Create(-20f), x));
        T n = Round(x * T.Create(Log2E));
        // 2^n·e^r − 1 = (2^n − 1) + 2^n·(e^r − 1). Halved, since 2^128 is no float.
        T half = T.Scale(T.Create(0.5f), n);
        T result = T.MultiplyAdd(half, ExpRemainderMinusOne(x, n), half - T.Create(0.5f));
        return result + result;
    }

    /// <summary>ln x, at most 1 ulp. −∞ at ±0, NaN below 0, ∞ at ∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        (T e, T f) = SplitExponent(x);
        // ln(1 + f) = f − f²/2 + f³·P(f), relative error 5.8e-9 on [√½ − 1, √2 − 1]
        T p = T.Create(-0.0763449818f);
        p = T.MultiplyAdd(p, f, T.Create(0.12761578f));
        p = T.MultiplyAdd(p, f, T.Create(-0.131601825f));
        p = T.MultiplyAdd(p, f, T.Create(0.142017573f));
        p = T.MultiplyAdd(p, f, T.Create(-0.166233569f));
        p = T.MultiplyAdd(p, f, T.Create(0.200012267f));
        p = T.MultiplyAdd(p, f, T.Create(-0.250008196f));
        p = T.MultiplyAdd(p, f, T.Create(0.333333313f));
        T square = f * f;
        T y = p * f * square;
        y = T.MultiplyAdd(e, T.Create(-Ln2Low), y);
        y = T.MultiplyAdd(square, T.Create(-0.5f), y);
        y = T.MultiplyAdd(e, T.Create(Ln2High), f + y);

        T special = T.Select(T.Equal(x, T.Zero), T.Create(float.NegativeInfinity), T.Select(T.LessThan(x, T.Zero), T.Create(float.NaN), x));
        return T.Select(T.GreaterThan(x, T.Zero) & T.LessThan(x, T.Create(float.PositiveInfinity)), y, special);
    }

    /// <summary>x = 2^e·(1 + f) with 1 + f in [√½, √2) for positive finite x, subnormals included; f is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T Exponent, T Fraction) SplitExponent<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        const int SquareRootOfHalf = 0x3F3504F3;
        T tiny = T.LessThan(x, T.Create(MinNormal));
        x = T.Select(tiny, x * T.Create(8388608f), x);
        T bits = T.SubtractBits(x, T.CreateBits(SquareRootOfHalf));
        T e = T.ConvertBits(T.ShiftRight(bits, 23)) - (tiny & T.Create(23f));
        T m = T.AddBits(bits & T.CreateBits(0x007FFFFF), T.CreateBits(SquareRootOfHalf));
        return (e, m - T.Create(1f));
    }

    /// <summary>1 / (1 + e^−x), at most 2.5 ulp, also where the result is tiny. 0 at −∞, ½ at 0, 1 at ∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        T one = T.Create(1f), decay = Exp(-T.Abs(x));
        return T.Select(T.LessThan(x, T.Zero), decay, one) / (one + decay);
    }

    /// <summary>ln(1 + e^x), and x itself above 20 as torch has it; at most 2.5 ulp. 0 at −∞, ln 2 at 0, ∞ at ∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Softplus<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        T e = Exp(T.Min(T.Create(20f), x)), sum = T.Create(1f) + e;
        // What rounding 1 + e lost comes back to first order; where e vanishes against 1 it is all there is.
        T y = Log(sum) + ((e - (sum - T.Create(1f))) / sum);
        return T.Select(T.GreaterThan(x, T.Create(20f)), x, y);
    }

    /// <summary>tanh x, at most 2 ulp. ±1 at ±∞, x near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        T a = T.Abs(x), sign = x ^ a;
        // x + x³·P(x²), relative error 4.4e-9 below 0.625
        T z = x * x;
        T p = T.Create(-0.00570498733f);
        p = T.MultiplyAdd(p, z, T.Create(0.020639088f));
        p = T.MultiplyAdd(p, z, T.Create(-0.0537397154f));
        p = T.MultiplyAdd(p, z, T.Create(0.133314416f));
        p = T.MultiplyAdd(p, z, T.Create(-0.333332807f));
        T small = T.MultiplyAdd(p * z, x, x);
        T large = T.Create(1f) - (T.Create(2f) / (Exp(a + a) + T.Create(1f)));
        return T.Select(T.LessThan(a, T.Create(0.625f)), small, large | sign);
    }

    /// <summary>erf x = 2/√π·∫₀ˣ e^−t² dt, at most 1.5 ulp. ±1 at ±∞, 0 at 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Erf<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        T a = T.Abs(x), sign = x ^ a;
        // x + x·P(x²), relative error 1.2e-8 below 0.9
        T z = x * x;
        T p = T.Create(-0.000609036069f);
        p = T.MultiplyAdd(p, z, T.Create(0.00501196273f));
        p = T.MultiplyAdd(p, z, T.Create(-0.0267789084f));
        p = T.MultiplyAdd(p, z, T.Create(0.112821408f));
        p = T.MultiplyAdd(p, z, T.Create(-0.376125246f));
        p = T.MultiplyAdd(p, z, T.Create(0.128379151f));
        T small = T.MultiplyAdd(p, x, x);
        // 1 − exp(Q(|x|)), error 1.7e-9 above 0.9; from 3.95 on erfc is below half an ulp of 1
        T t = T.Min(T.Create(3.95f), a);
        T q = T.Create(0.000198219626f);
        q = T.MultiplyAdd(q, t, T.Create(-0.00306548993f));
        q = T.MultiplyAdd(q, t, T.Create(0.0223152116f));
        q = T.MultiplyAdd(q, t, T.Create(-0.104113676f));
        q = T.MultiplyAdd(q, t, T.Create(-0.636976063f));
        q = T.MultiplyAdd(q, t, T.Create(-1.12779725f));
        q = T.MultiplyAdd(q, t, T.Create(-0.000166447964f));
        T large = T.Create(1f) - ExpInRange(q);
        return T.Select(T.LessThan(a, T.Create(0.9f)), small, large | sign);
    }

    /// <summary>
    /// Φ(x) = (1 + erf(x/√2))/2, the normal distribution: absolute error at most 8e-8, relative at most 3e-6 for x ≥ −4, where
    /// erf alone would have cancelled. 0 at −∞, ½ at 0, 1 at ∞.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Phi<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        // Φ(−a) = 2^(a·Q(a) − 1): absolute error 6.4e-9; the relative one grows from 8e-7 at 4 to 1e-4 at 5.2, where the fit ends
        // and the leading term goes on to drive it to 0.
        T a = T.Abs(x);
        T q = T.Create(-5.09258271e-08f);
        q = T.MultiplyAdd(q, a, T.Create(1.29846489e-06f));
        q = T.MultiplyAdd(q, a, T.Create(-1.4563484e-05f));
        q = T.MultiplyAdd(q, a, T.Create(9.20730745e-05f));
        q = T.MultiplyAdd(q, a, T.Create(-0.000318482227f));
        q = T.MultiplyAdd(q, a, T.Create(5.55985498e-05f));
        q = T.MultiplyAdd(q, a, T.Create(0.00690296851f));
        q = T.MultiplyAdd(q, a, T.Create(-0.0524241477f));
        q = T.MultiplyAdd(q, a, T.Create(-0.45922333f));
        q = T.MultiplyAdd(q, a, T.Create(-1.15110421f));
        T t = T.Max(T.Create(-152f), T.MultiplyAdd(q, a, T.Create(-1f))), n = Round(t);
        T tail = T.Scale(Exp2Fraction(t - n), n);
        return T.Select(T.LessThan(x, T.Zero), tail, T.Create(1f) - tail);
    }
}
