using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = Σ x, mean x or max x over a run of neighbouring dimensions. ∂L/∂x is ∂L/∂y stretched back, divided by the number of
/// elements for the mean, at the first largest element alone for the maximum. An empty sum is 0, an empty mean NaN, an empty
/// maximum an error.
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

    public static Tensor Forward(ReduceFunction function, Tensor x, int firstDimension, int lastDimension, bool keepDimensions)
    {
        int first = x.Shape.Normalize(firstDimension), last = x.Shape.Normalize(lastDimension);
        if (last < first)
            throw new ArgumentException($"Dimensions {firstDimension} to {lastDimension} of shape {x.Shape} are no run.");

        Span<int> left = stackalloc int[x.Rank - (last - first + 1)];
        for (int i = 0, j = 0; i < x.Rank; i++)
        {
            if (i < first || i > last)
                left[j++] = x.Shape[i];
        }

        (long outer, int reduced, long inner) = Extents(x.Shape, first, last);
        Tensor y = x.Device.Empty(keepDimensions ? Kept(x.Shape, first, last) : new Shape(left));
        x.Device.Reduce(function, x, outer, reduced, inner, y);
        return Tape.IsRecording(x) ? Tape.Record(new Reduce(function, x, first, last), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        (long outer, int reduced, long inner) = Extents(_x.Shape, _first, _last);
        if (_function == ReduceFunction.Max)
        {
            dy.Device.MaxBackward(_x, outer, reduced, inner, dy, dx);
        }
        else
        {
            Tensor scaled = _function == ReduceFunction.Mean ? dy * (1f / reduced) : dy;
            dy.Device.Binary(BinaryFunction.Add, Tensor.Zeros(_x.Shape, dy.Device), scaled.View(0, Kept(_x.Shape, _first, _last)), dx);
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
}
