using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Maps over contiguous float32 arrays. Outputs may be the inputs themselves, but may not overlap them otherwise.</summary>
internal static unsafe partial class Elementwise
{
    /// <summary>Values a part works on at least: 10 to 50 µs, more than it costs to start a part on another thread.</summary>
    internal const long Grain = 32768;

    /// <summary>y = f(x).</summary>
    public static void Unary(UnaryFunction function, float* x, float* y, long count)
    {
        switch (function)
        {
            case UnaryFunction.Negate: Map<Negate>(x, y, count); break;
            case UnaryFunction.Abs: Map<Abs>(x, y, count); break;
            case UnaryFunction.Exp: Map<Exp>(x, y, count); break;
            case UnaryFunction.ExpMinusOneAsWritten: Map<ExpMinusOneAsWritten>(x, y, count); break;
            case UnaryFunction.Log: Map<Log>(x, y, count); break;
            case UnaryFunction.Sqrt: Map<Sqrt>(x, y, count); break;
            case UnaryFunction.Rsqrt: Map<Rsqrt>(x, y, count); break;
            case UnaryFunction.Reciprocal: Map<Reciprocal>(x, y, count); break;
            case UnaryFunction.Square: Map<Square>(x, y, count); break;
            case UnaryFunction.Sin: Map<Sin>(x, y, count); break;
            case UnaryFunction.Cos: Map<Cos>(x, y, count); break;
            case UnaryFunction.Tanh: Map<Tanh>(x, y, count); break;
            case UnaryFunction.Sigmoid: Map<Sigmoid>(x, y, count); break;
            case UnaryFunction.Softplus: Map<Softplus>(x, y, count); break;
            case UnaryFunction.Relu: Map<Relu>(x, y, count); break;
            case UnaryFunction.Gelu: Map<Gelu>(x, y, count); break;
            case UnaryFunction.Silu: Map<Silu>(x, y, count); break;
            case UnaryFunction.Elu: Map<Elu>(x, y, count); break;
            case UnaryFunction.Erf: Map<Erf>(x, y, count); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, "Unknown function.");
        }
    }

    /// <summary>
    /// dx = dy·f′(x). Of <paramref name="x"/> and <paramref name="y"/> = f(x) only what
    /// <see cref="BackwardReadsInput"/> and <see cref="BackwardReadsOutput"/> name is read; the other may be null.
    /// </summary>
    public static void UnaryBackward(UnaryFunction function, float* x, float* y, float* dy, float* dx, long count)
    {
        switch (function)
        {
            case UnaryFunction.Negate: MapBackward<Negate>(x, y, dy, dx, count); break;
            case UnaryFunction.Abs: MapBackward<Abs>(x, y, dy, dx, count); break;
            case UnaryFunction.Exp: MapBackward<Exp>(x, y, dy, dx, count); break;
            case UnaryFunction.ExpMinusOneAsWritten: MapBackward<ExpMinusOneAsWritten>(x, y, dy, dx, count); break;
            case UnaryFunction.Log: MapBackward<Log>(x, y, dy, dx, count); break;
            case UnaryFunction.Sqrt: MapBackward<Sqrt>(x, y, dy, dx, count); break;
            case UnaryFunction.Rsqrt: MapBackward<Rsqrt>(x, y, dy, dx, count); break;
            case UnaryFunction.Reciprocal: MapBackward<Reciprocal>(x, y, dy, dx, count); break;
            case UnaryFunction.Square: MapBackward<Square>(x, y, dy, dx, count); break;
            case UnaryFunction.Sin: MapBackward<Sin>(x, y, dy, dx, count); break;
            case UnaryFunction.Cos: MapBackward<Cos>(x, y, dy, dx, count); break;
            case UnaryFunction.Tanh: MapBackward<Tanh>(x, y, dy, dx, count); break;
            case UnaryFunction.Sigmoid: MapBackward<Sigmoid>(x, y, dy, dx, count); break;
            case UnaryFunction.Softplus: MapBackward<Softplus>(x, y, dy, dx, count); break;
            case UnaryFunction.Relu: MapBackward<Relu>(x, y, dy, dx, count); break;
            case UnaryFunction.Gelu: MapBackward<Gelu>(x, y, dy, dx, count); break;
            case UnaryFunction.Silu: MapBackward<Silu>(x, y, dy, dx, count); break;
            case UnaryFunction.Elu: MapBackward<Elu>(x, y, dy, dx, count); break;
            case UnaryFunction.Erf: MapBackward<Erf>(x, y, dy, dx, count); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, "Unknown function.");
        }
    }

    /// <summary>y = f(x), and dy turns into dy·f′(x).</summary>
    public static void Activate(Activation activation, float* x, float* y, float* dy, long count)
    {
        switch (activation)
        {
            case Activation.Relu: MapBoth<Relu>(x, y, dy, count); break;
            case Activation.Gelu: MapBoth<Gelu>(x, y, dy, count); break;
            case Activation.Silu: MapBoth<Silu>(x, y, dy, count); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation.");
        }
    }

    /// <summary>The element-wise function of an activation.</summary>
    public static UnaryFunction FunctionOf(Activation activation) => activation switch
    {
        Activation.Relu => UnaryFunction.Relu,
        Activation.Gelu => UnaryFunction.Gelu,
        Activation.Silu => UnaryFunction.Silu,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No function."),
    };

    /// <summary>Whether the backward of a function needs the saved input.</summary>
    public static bool BackwardReadsInput(UnaryFunction function) =>
        function is not (UnaryFunction.Negate or UnaryFunction.Exp or UnaryFunction.Sqrt or UnaryFunction.Rsqrt or UnaryFunction.Reciprocal
            or UnaryFunction.Tanh or UnaryFunction.Sigmoid or UnaryFunction.Relu or UnaryFunction.Elu);

    /// <summary>Whether the backward of a function needs the saved output.</summary>
    public static bool BackwardReadsOutput(UnaryFunction function) => function != UnaryFunction.Negate && !BackwardReadsInput(function);

    private static void Map<TOperator>(float* x, float* y, long count) where TOperator : struct, IUnaryOperator
    {
        int parts = Workers.PartsFor(count, Grain);
        Workers.Run(parts, new MapBody<TOperator> { X = x, Y = y, Count = count, Parts = parts });
    }

    private static void MapBackward<TOperator>(float* x, float* y, float* dy, float* dx, long count) where TOperator : struct, IUnaryOperator
    {
        // An operator reads one of the two; the other pointer then takes its place, so that the loop loads no null.
        if (!TOperator.BackwardReadsInput)
            x = dy;
        if (!TOperator.BackwardReadsOutput)
            y = dy;
        int parts = Workers.PartsFor(count, Grain);
        Workers.Run(parts, new MapBackwardBody<TOperator> { X = x, Y = y, Dy = dy, Dx = dx, Count = count, Parts = parts });
    }

    private static void MapBoth<TOperator>(float* x, float* y, float* dy, long count) where TOperator : struct, IUnaryOperator
    {
        int parts = Workers.PartsFor(count, Grain);
        Workers.Run(parts, new MapBothBody<TOperator> { X = x, Y = y, Dy = dy, Count = count, Parts = parts });
    }

    /// <summary>y = f(x) on the calling thread.</summary>
    internal static void MapSerial<TOperator>(float* x, float* y, long count) where TOperator : struct, IUnaryOperator
    {
        if (VectorWidth.Is512)
            Traverse<TOperator, Float32x16>(x, y, count);
        else if (VectorWidth.Is256)
            Traverse<TOperator, Float32x8>(x, y, count);
        else
            Traverse<TOperator, Float32x4>(x, y, count);
    }

    private static void Traverse<TOperator, T>(float* x, float* y, long count)
        where TOperator : struct, IUnaryOperator
        where T : unmanaged, IFloat32Vector<T>
    {
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
            T.Store(TOperator.Forward(T.Load(x + i)), y + i);
        if (i < count)
            T.StorePartial(TOperator.Forward(T.LoadPartial(x + i, (int)(count - i))), y + i, (int)(count - i));
    }

    private struct MapBody<TOperator> : IParallelBody where TOperator : struct, IUnaryOperator
    {
        public float* X, Y;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts;
            MapSerial<TOperator>(X + from, Y + from, (Count * (part + 1) / Parts) - from);
        }
    }

    private struct MapBothBody<TOperator> : IParallelBody where TOperator : struct, IUnaryOperator
    {
        public float* X, Y, Dy;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, count = (Count * (part + 1) / Parts) - from;
            if (VectorWidth.Is512)
                Traverse<Float32x16>(X + from, Y + from, Dy + from, count);
            else if (VectorWidth.Is256)
                Traverse<Float32x8>(X + from, Y + from, Dy + from, count);
            else
                Traverse<Float32x4>(X + from, Y + from, Dy + from, count);
        }

        private static void Traverse<T>(float* x, float* y, float* dy, long count) where T : unmanaged, IFloat32Vector<T>
        {
            long i = 0;
            for (; i <= count - T.Count; i += T.Count)
            {
                T input = T.Load(x + i), output = TOperator.Forward(input);
                T.Store(output, y + i);
                T.Store(TOperator.Backward(input, output, T.Load(dy + i)), dy + i);
            }

            if (i < count)
            {
                int rest = (int)(count - i);
                T input = T.LoadPartial(x + i, rest), output = TOperator.Forward(input);
                T.StorePartial(output, y + i, rest);
                T.StorePartial(TOperator.Backward(input, output, T.LoadPartial(dy + i, rest)), dy + i, rest);
            }
        }
    }

    private struct MapBackwardBody<TOperator> : IParallelBody where TOperator : struct, IUnaryOperator
    {
        public float* X, Y, Dy, Dx;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, count = (Count * (part + 1) / Parts) - from;
            if (VectorWidth.Is512)
                Traverse<Float32x16>(X + from, Y + from, Dy + from, Dx + from, count);
            else if (VectorWidth.Is256)
                Traverse<Float32x8>(X + from, Y + from, Dy + from, Dx + from, count);
            else
                Traverse<Float32x4>(X + from, Y + from, Dy + from, Dx + from, count);
        }

        private static void Traverse<T>(float* x, float* y, float* dy, float* dx, long count) where T : unmanaged, IFloat32Vector<T>
        {
            long i = 0;
            for (; i <= count - T.Count; i += T.Count)
                T.Store(TOperator.Backward(T.Load(x + i), T.Load(y + i), T.Load(dy + i)), dx + i);
            if (i < count)
            {
                int rest = (int)(count - i);
                T dxRest = TOperator.Backward(T.LoadPartial(x + i, rest), T.LoadPartial(y + i, rest), T.LoadPartial(dy + i, rest));
                T.StorePartial(dxRest, dx + i, rest);
            }
        }
    }
}
