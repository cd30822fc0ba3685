using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = Σ x, mean x or max x over dimensions, each run of neighbouring ones in a reduction of its own. ∂L/∂x is ∂L/∂y repeated along
/// them, divided by the number of elements for the mean, at the first largest element alone for the maximum. An empty sum is 0, an
/// empty mean NaN, an empty maximum an error.
/// </summary>
internal sealed class Reduce : Operator
{
    private readonly ReduceFunction _function;
    private readonly Tensor _x;
    private readonly int _first, _last;

    private Reduce(ReduceFunction function, Tensor x, int first, int last)
    {
        _function = function;
        _x = function == ReduceFunction.Max ? Save(x) : x;
        (_first, _last) = (first, last);
    }

    public override string Name => _function.ToString();

    /// <summary>Over all dimensions; a scalar is its own result.</summary>
    public static Tensor Forward(ReduceFunction function, Tensor x) => x.Rank == 0 ? x : Run(function, x, 0, x.Rank - 1, keepDimensions: false);

    public static Tensor Forward(ReduceFunction function, Tensor x, ReadOnlySpan<int> dimensions, bool keepDimensions)
    {
        int chosen = 0;
        foreach (int dimension in dimensions)
        {
            int bit = 1 << x.Shape.Normalize(dimension);
            if ((chosen & bit) != 0)
                throw new ArgumentException($"{function} over the dimensions [{string.Join(", ", dimensions.ToArray())}] of {x.Shape}: one is given twice.", nameof(dimensions));
            chosen |= bit;
        }

        if (chosen == 0)
            throw new ArgumentException($"{function} over no dimension: give at least one, or call it without dimensions for all elements.", nameof(dimensions));

        // Runs of neighbours at once, the last first, so that the numbers of those before stay.
        Tensor y = x;
        for (int last = x.Rank - 1; last >= 0; last--)
        {
            int first = last + 1;
            while (first > 0 && (chosen & (1 << (first - 1))) != 0)
                first--;
            if (first > last)
                continue;
            y = Run(function, y, first, last, keepDimensions);
            last = first;
        }

        return y;
    }

    // The run of dimensions from first to last, both included.
    private static Tensor Run(ReduceFunction function, Tensor x, int first, int last, bool keepDimensions)
    {
        Span<int> left = stackalloc int[x.Rank - (last - first + 1)];
        for (int i = 0, j = 0; i < x.Rank; i++)
        {
            if (i < first || i > last)
                left[j++] = x.Shape[i];
        }

        (long outer, int reduced, long inner) = Extents(x.Shape, first, last);
        Tensor y = x.Device.Empty(keepDimensions ? Kept(x.Shape, first, last) : new Shape(left));
        x.Device.Run(new Call(function, x, outer, reduced, inner, y));
        return Tape.IsRecording(x) ? Tape.Record(new Reduce(function, x, first, last), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        (long outer, int reduced, long inner) = Extents(_x.Shape, _first, _last);
        if (_function == ReduceFunction.Max)
        {
            dy.Device.Run(new MaxBackwardCall(_x, outer, reduced, inner, dy, dx));
        }
        else
        {
            Tensor scaled = _function == ReduceFunction.Mean ? dy * (1f / reduced) : dy;
            dy.Device.Run(new Binary.Call(BinaryFunction.Add, Tensor.Zeros(_x.Shape, dy.Device), scaled.View(0, Kept(_x.Shape, _first, _last)), dx));
        }

        Accumulate(_x, dx);
    }

    private static Shape Kept(Shape shape, int first, int last)
    {
        for (int i = first; i <= last; i++)
            shape = shape.With(i, 1);
        return shape;
    }

    private static (long Outer, int Reduced, long Inner) Extents(Shape shape, int first, int last) =>
        (shape.CountOf(0, first), checked((int)shape.CountOf(first, last + 1)), shape.CountOf(last + 1, shape.Rank));

    /// <summary>Over the middle of (outer, reduced, inner).</summary>
    internal readonly record struct Call(ReduceFunction Function, Tensor X, long Outer, int Reduced, long Inner, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Reduce)} {Function}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            switch (Function)
            {
                case ReduceFunction.Sum:
                    Kernels.Reduction.Sum(X.Data, Outer, Reduced, Inner, Y.Data);
                    break;
                case ReduceFunction.Mean:
                    Kernels.Reduction.Mean(X.Data, Outer, Reduced, Inner, Y.Data);
                    break;
                case ReduceFunction.Max:
                    Kernels.Reduction.Max(X.Data, Outer, Reduced, Inner, Y.Data, null);
                    break;
                default:
                    throw new InvalidOperationException($"No reduction by {Function}.");
            }
        }
    }

    /// <summary>dx = dy where x is first the largest, 0 elsewhere.</summary>
    internal readonly record struct MaxBackwardCall(Tensor X, long Outer, int Reduced, long Inner, Tensor Dy, Tensor Dx) : IDeviceCall
    {
        public string Name => "MaxBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(X);
            call.Reads(Dy);
        }

        public unsafe void OnCpu()
        {
            Tensor largest = Device.Cpu.Empty(Dy.Shape), index = Device.Cpu.Empty(Dy.Shape, DType.Int32);
            Kernels.Reduction.Max(X.Data, Outer, Reduced, Inner, largest.Data, (int*)index.Elements);
            Kernels.Reduction.MaxBackward(Dy.Data, (int*)index.Elements, Outer, Reduced, Inner, Dx.Data);
        }
    }
}
