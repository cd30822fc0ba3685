using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Elementwise
{
    /// <summary>A function of one value and its derivative times the incoming gradient.</summary>
    internal interface IUnaryOperator
    {
        static abstract bool BackwardReadsInput { get; }

        static abstract bool BackwardReadsOutput { get; }

        static abstract T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T>;

        static abstract T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T>;
    }

    /// <summary>y = −x, dy/dx = −1. ∓∞ at ±∞.</summary>
    private readonly struct Negate : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => -x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => -dy;
    }

    /// <summary>y = |x|, dy/dx = sign x. 0 with gradient 0 at 0; ∞ with gradient ±1 at ±∞.</summary>
    private readonly struct Abs : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Abs(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => T.Select(T.LessThan(x, T.Zero), -dy, T.Select(T.Equal(x, T.Zero), T.Zero, dy));
    }

    /// <summary>y = e^x, dy/dx = y. 1, 1 at 0; 0, 0 at −∞; ∞, ∞ at ∞.</summary>
    private readonly struct Exp : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Exp(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * y;
    }

    /// <summary>y = e^x − 1 with the subtraction rounded (not expm1), dy/dx = e^x. 0, 1 at 0; −1, 0 at −∞; ∞, ∞ at ∞.</summary>
    private readonly struct ExpMinusOneAsWritten : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Exp(x) - T.Create(1f);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * VectorMath.Exp(x);
    }

    /// <summary>y = ln x, dy/dx = 1/x. −∞, ∞ at 0; NaN below 0; ∞, 0 at ∞.</summary>
    private readonly struct Log : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Log(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy / x;
    }

    /// <summary>y = √x, dy/dx = 1/(2y). 0, ∞ at 0; NaN below 0; ∞, 0 at ∞.</summary>
    private readonly struct Sqrt : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Sqrt(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * T.Create(0.5f) / y;
    }

    /// <summary>y = 1/√x, dy/dx = −y³/2. ∞, −∞ at 0; NaN below 0; 0, 0 at ∞.</summary>
    private readonly struct Rsqrt : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Create(1f) / T.Sqrt(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * T.Create(-0.5f) * (y * y * y);
    }

    /// <summary>y = 1/x, dy/dx = −y². ±∞, −∞ at ±0; ±0, 0 at ±∞.</summary>
    private readonly struct Reciprocal : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Create(1f) / x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => -dy * y * y;
    }

    /// <summary>y = x², dy/dx = 2x. 0, 0 at 0; ∞, ±∞ at ±∞.</summary>
    private readonly struct Square : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => x * x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * (x + x);
    }

    /// <summary>y = sin x, dy/dx = cos x. 0, 1 at 0; NaN at ±∞.</summary>
    private readonly struct Sin : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Sin(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * VectorMath.Cos(x);
    }

    /// <summary>y = cos x, dy/dx = −sin x. 1, 0 at 0; NaN at ±∞.</summary>
    private readonly struct Cos : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Cos(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => -dy * VectorMath.Sin(x);
    }

    /// <summary>y = tanh x, dy/dx = 1 − y². 0, 1 at 0; ±1, 0 at ±∞.</summary>
    private readonly struct Tanh : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * (T.Create(1f) - (y * y));
    }

    /// <summary>y = 1/(1 + e^−x), dy/dx = y(1 − y). ½, ¼ at 0; 0, 0 at −∞; 1, 0 at ∞.</summary>
    private readonly struct Sigmoid : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * (T.Create(1f) - y) * y;
    }

    /// <summary>y = ln(1 + e^x), x above 20; dy/dx = 1/(1 + e^−x), 1 above 20. ln 2, ½ at 0; 0, 0 at −∞; ∞, 1 at ∞.</summary>
    private readonly struct Softplus : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Softplus(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => T.Select(T.GreaterThan(x, T.Create(20f)), dy, dy * VectorMath.Sigmoid(x));
    }

    /// <summary>y = max(0, x), dy/dx = 1 above 0, else 0. 0, 0 at 0 and −∞; ∞, 1 at ∞; NaN stays.</summary>
    internal readonly struct Relu : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Max(T.Zero, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => T.GreaterThan(y, T.Zero) & dy;
    }

    /// <summary>y = x·Φ(x) with Φ(x) = (1 + erf(x/√2))/2, dy/dx = Φ(x) + x·φ(x) with φ(x) = e^(−x²/2)/√(2π). 0, ½ at 0; ∞ at ∞; NaN at −∞ and gradient NaN at ±∞, as in torch.</summary>
    internal readonly struct Gelu : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => x * VectorMath.Phi(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * T.MultiplyAdd(x * T.Create(0.398942280f), VectorMath.Exp(x * x * T.Create(-0.5f)), VectorMath.Phi(x));
    }

    /// <summary>y = x·σ(x) with σ(x) = 1/(1 + e^−x), dy/dx = σ(x)·(1 + x·(1 − σ(x))). 0, ½ at 0; ∞ at ∞; NaN at −∞ and gradient NaN at ±∞, as in torch.</summary>
    internal readonly struct Silu : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => x * VectorMath.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => Gradient(x, VectorMath.Sigmoid(x)) * dy;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Gradient<T>(T x, T sigma) where T : unmanaged, IFloat32Vector<T> =>
            sigma * T.MultiplyAdd(x, T.Create(1f) - sigma, T.Create(1f));
    }

    /// <summary>y = x above 0, else e^x − 1; dy/dx = 1 above 0, else e^x = y + 1. 0, 1 at 0; −1, 0 at −∞; ∞, 1 at ∞.</summary>
    private readonly struct Elu : IUnaryOperator
    {
        public static bool BackwardReadsInput => false;

        public static bool BackwardReadsOutput => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => T.Select(T.GreaterThan(x, T.Zero), x, VectorMath.ExpMinusOne(x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => T.Select(T.GreaterThan(y, T.Zero), dy, dy * (y + T.Create(1f)));
    }

    /// <summary>y = erf x, dy/dx = 2/√π·e^−x². 0, 2/√π at 0; ±1, 0 at ±∞.</summary>
    private readonly struct Erf : IUnaryOperator
    {
        public static bool BackwardReadsInput => true;

        public static bool BackwardReadsOutput => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Forward<T>(T x) where T : unmanaged, IFloat32Vector<T> => VectorMath.Erf(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Backward<T>(T x, T y, T dy) where T : unmanaged, IFloat32Vector<T> => dy * (T.Create(1.12837917f) * VectorMath.Exp(-(x * x)));
    }
}
