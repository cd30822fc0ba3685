using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels;

public unsafe class VectorMathTests
{
    private interface IFunction
    {
        static abstract T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T>;
    }

    private struct Exp : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Exp(x); }
    private struct ExpMinusOne : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.ExpMinusOne(x); }
    private struct Log : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Log(x); }
    private struct Sigmoid : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Sigmoid(x); }
    private struct Softplus : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Softplus(x); }
    private struct Tanh : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Tanh(x); }
    private struct Erf : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Erf(x); }
    private struct Phi : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Phi(x); }
    private struct Sin : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Sin(x); }
    private struct Cos : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Cos(x); }
    private struct Pow : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.Pow(x, p); }
    private struct PowSigned : IFunction { public static T Invoke<T>(T x, T p) where T : unmanaged, IFloat32Vector<T> => VectorMath.PowSigned(x, p); }

    private static float[] Map<TFunction, T>(float[] x, float p) where TFunction : IFunction where T : unmanaged, IFloat32Vector<T>
    {
        float[] y = new float[x.Length];
        fixed (float* source = x, destination = y)
        {
            for (int i = 0; i < x.Length; i += T.Count)
            {
                int width = Math.Min(T.Count, x.Length - i);
                T.StorePartial(TFunction.Invoke(T.LoadPartial(source + i, width), T.Create(p)), destination + i, width);
            }
        }

        return y;
    }

    private static float[] Map<TFunction>(float[] x, float p = 0) where TFunction : IFunction =>
        VectorWidth.Is512 ? Map<TFunction, Float32x16>(x, p) : VectorWidth.Is256 ? Map<TFunction, Float32x8>(x, p) : Map<TFunction, Float32x4>(x, p);

    /// <summary>Floats spread evenly over the bit patterns between two of one sign, so that every binade counts alike.</summary>
    private static IEnumerable<float> Sample(float from, float to, int count)
    {
        int a = BitConverter.SingleToInt32Bits(from), b = BitConverter.SingleToInt32Bits(to);
        for (int i = 0; i <= count; i++)
            yield return BitConverter.Int32BitsToSingle((int)(a + ((long)(b - a) * i / count)));
    }

    private static float[] Everywhere(float limit = float.MaxValue) =>
        [.. Sample(0f, limit, 150_000), .. Sample(-0f, -limit, 150_000), .. Even(-20, 20), .. Even(-110, 100)];

    private static IEnumerable<float> Even(float from, float to) => Enumerable.Range(0, 60_001).Select(i => from + ((to - from) * (i / 60_000f)));

    private static void AssertUlps<TFunction>(float[] x, Func<double, double> right, double bound, float p = 0) where TFunction : IFunction
    {
        float[] y = Map<TFunction>(x, p);
        double worst = 0;
        float at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double ulps = KernelTesting.Ulps(right(x[i]), y[i]);
            if (ulps > worst)
                (worst, at) = (ulps, x[i]);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{worst:F3} ulp at {at:R}");
        Assert.True(worst <= bound, $"{worst:F3} ulp at {at:R}, over {bound}.");
    }

    private static void AssertAt<TFunction>(float x, float right, float p = 0) where TFunction : IFunction =>
        Assert.Equal(right, Map<TFunction>([x], p)[0]);

    private const float Infinity = float.PositiveInfinity;

    [Fact]
    public void Exp_is_within_its_bound() => AssertUlps<Exp>(Everywhere(), Math.Exp, 1.1);

    [Fact]
    public void Exp_minus_one_is_within_its_bound() => AssertUlps<ExpMinusOne>(Everywhere(), ReferenceMath.ExpMinusOne, 2);

    [Fact]
    public void Log_is_within_its_bound() => AssertUlps<Log>([.. Sample(0f, float.MaxValue, 400_000), .. Sample(0.5f, 2f, 200_000)], Math.Log, 1);

    [Fact]
    public void Sigmoid_is_within_its_bound() => AssertUlps<Sigmoid>(Everywhere(), ReferenceMath.Sigmoid, 2.5);

    [Fact]
    public void Softplus_is_within_its_bound() => AssertUlps<Softplus>(Everywhere(), ReferenceMath.Softplus, 2.5);

    [Fact]
    public void Tanh_is_within_its_bound() => AssertUlps<Tanh>(Everywhere(), Math.Tanh, 2);

    [Fact]
    public void Erf_is_within_its_bound() => AssertUlps<Erf>([.. Everywhere(), .. Even(-4, 4)], ReferenceMath.Erf, 1.5);

    [Fact]
    public void The_normal_distribution_is_within_its_bound()
    {
        float[] x = [.. Everywhere(), .. Even(-6, 6)];
        float[] y = Map<Phi>(x);
        for (int i = 0; i < x.Length; i++)
        {
            double right = ReferenceMath.Phi(x[i]);
            double bound = x[i] >= -4 ? Math.Min(8e-8, 3e-6 * right) : 8e-8;
            if (!(Math.Abs(y[i] - right) <= bound))
                Assert.Fail($"{y[i]:R} at {x[i]:R} where {right:R} is right.");
        }

        Assert.Equal([0f, 0.5f, 1f, float.NaN], Map<Phi>([-Infinity, 0, Infinity, float.NaN]));
    }

    [Theory]
    [InlineData(0.5f)]
    [InlineData(1f)]
    [InlineData(1.0000001f)]
    [InlineData(1.37f)]
    [InlineData(2f)]
    [InlineData(3f)]
    [InlineData(4.9f)]
    [InlineData(5f)]
    [InlineData(8f)]
    [InlineData(-1.5f)]
    public void Pow_is_within_its_bound(float p) =>
        AssertUlps<Pow>([.. Sample(0f, float.MaxValue, 200_000), .. Sample(0.4f, 2.5f, 200_000)], x => Math.Pow(x, p), 2, p);

    [Fact]
    public void Sine_and_cosine_are_within_their_bound()
    {
        float[] x = [.. Even(-10, 10), .. Even(-9000, 9000), 1e10f, -3e20f];
        float[] sin = Map<Sin>(x), cos = Map<Cos>(x);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(Math.Sin(x[i]), sin[i], 1e-7);
            Assert.Equal(Math.Cos(x[i]), cos[i], 1e-7);
        }

        Assert.Equal([float.NaN, float.NaN, 0f], Map<Sin>([Infinity, float.NaN, 0f]));
    }

    [Fact]
    public void Limits_and_special_values_are_exact()
    {
        AssertAt<Exp>(-Infinity, 0);
        AssertAt<Exp>(Infinity, Infinity);
        AssertAt<Exp>(0, 1);
        AssertAt<Exp>(float.NaN, float.NaN);
        AssertAt<ExpMinusOne>(-Infinity, -1);
        AssertAt<ExpMinusOne>(Infinity, Infinity);
        AssertAt<ExpMinusOne>(0, 0);
        AssertAt<ExpMinusOne>(float.NaN, float.NaN);
        AssertAt<Log>(0, -Infinity);
        AssertAt<Log>(-0f, -Infinity);
        AssertAt<Log>(-1, float.NaN);
        AssertAt<Log>(-Infinity, float.NaN);
        AssertAt<Log>(Infinity, Infinity);
        AssertAt<Log>(1, 0);
        AssertAt<Log>(float.NaN, float.NaN);
        AssertAt<Sigmoid>(-Infinity, 0);
        AssertAt<Sigmoid>(Infinity, 1);
        AssertAt<Sigmoid>(0, 0.5f);
        AssertAt<Sigmoid>(float.NaN, float.NaN);
        AssertAt<Softplus>(-Infinity, 0);
        AssertAt<Softplus>(Infinity, Infinity);
        AssertAt<Softplus>(float.NaN, float.NaN);
        AssertAt<Tanh>(-Infinity, -1);
        AssertAt<Tanh>(Infinity, 1);
        AssertAt<Tanh>(-0f, -0f);
        AssertAt<Tanh>(float.NaN, float.NaN);
        AssertAt<Erf>(-Infinity, -1);
        AssertAt<Erf>(Infinity, 1);
        AssertAt<Erf>(0, 0);
        AssertAt<Erf>(float.NaN, float.NaN);
    }

    [Fact]
    public void Pow_has_the_limits_of_the_mathematics()
    {
        AssertAt<Pow>(0, 0, 1.5f);
        AssertAt<Pow>(0, 1, 0);
        AssertAt<Pow>(0, Infinity, -2);
        AssertAt<Pow>(Infinity, Infinity, 0.5f);
        AssertAt<Pow>(Infinity, 1, 0);
        AssertAt<Pow>(Infinity, 0, -1);
        AssertAt<Pow>(float.NaN, float.NaN, 2);
        AssertAt<Pow>(2, float.NaN, float.NaN);
        AssertAt<Pow>(0, float.NaN, float.NaN);
        AssertAt<Pow>(1e30f, Infinity, 1e20f);
        AssertAt<Pow>(1e-30f, 0, 1e20f);
        AssertAt<Pow>(1.5f, 0, -1e30f);
        AssertAt<Pow>(1, 1, 1e30f);
    }

    [Fact]
    public void Signed_pow_follows_the_sign_rules()
    {
        AssertAt<PowSigned>(-2, -8, 3);
        AssertAt<PowSigned>(-2, 16, 4);
        AssertAt<PowSigned>(-2, -0.125f, -3);
        AssertAt<PowSigned>(-2, float.NaN, 0.5f);
        AssertAt<PowSigned>(-1, 1, 4194304);
        AssertAt<PowSigned>(-1, 1, 1e30f);
        AssertAt<PowSigned>(-0f, -0f, 1);
        AssertAt<PowSigned>(-0f, 0f, 1.5f);
        AssertAt<PowSigned>(-3, 1, 0);
    }

    [Fact]
    public void Every_width_agrees()
    {
        float[] x = Everywhere(50);
        float[] four = Map<Erf, Float32x4>(x, 0), eight = Map<Erf, Float32x8>(x, 0), sixteen = Map<Erf, Float32x16>(x, 0);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(four[i], eight[i], 1e-6f);
            Assert.Equal(four[i], sixteen[i], 1e-6f);
        }
    }
}
