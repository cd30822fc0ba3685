using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = Σ x or mean x over a run of neighbouring dimensions. ∂L/∂x is ∂L/∂y stretched back, divided by the number of
/// elements for the mean. An empty sum is 0, an empty mean NaN.
/// </summary>
internal sealed class Reduce(Tensor x, Shape keptShape, float factor, string name) : Operator
{
    public override string Name => name;

    public static Tensor Forward(ReduceFunction function, Tensor x, int firstDimension, int lastDimension, bool keepDimensions)
    {
        int first = x.Shape.Normalize(firstDimension), last = x.Shape.Normalize(lastDimension);
        if (last < first)
            throw new ArgumentException($"Dimensions {firstDimension} to {lastDimension} of shape {x.Shape} are no run.");
        if (function == ReduceFunction.Max)
            Tape.RequireUntracked("Max", x);

        Shape kept = x.Shape;
        Span<int> dropped = stackalloc int[x.Rank - (last - first + 1)];
        for (int i = 0, j = 0; i < x.Rank; i++)
        {
            if (i >= first && i <= last)
                kept = kept.With(i, 1);
            else
                dropped[j++] = x.Shape[i];
        }

        int reduced = checked((int)x.Shape.CountOf(first, last + 1));
        Tensor y = x.Device.Empty(keepDimensions ? kept : new Shape(dropped));
        x.Device.Reduce(function, x, x.Shape.CountOf(0, first), reduced, x.Shape.CountOf(last + 1, x.Rank), y);
        if (!Tape.IsRecording(x))
            return y;
        return Tape.Record(new Reduce(x, kept, function == ReduceFunction.Mean ? 1f / reduced : 1, function.ToString()), y);
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor scaled = factor == 1 ? dy : dy * factor;
        Tensor dx = Tensor.Zeros(x.Shape, dy.Device);
        Tensor spread = dy.Device.Empty(x.Shape);
        dy.Device.Binary(BinaryFunction.Add, dx, scaled.View(0, keptShape), spread);
        Accumulate(x, spread);
    }
}
