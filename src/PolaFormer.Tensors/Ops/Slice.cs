using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x restricted to [start, start + length) of a dimension; ∂L/∂x is ∂L/∂y there and 0 elsewhere.
/// A slice of the first dimension shares x's memory, any other is a copy.
/// </summary>
internal sealed class Slice(Tensor x, int dimension, int start) : Operator
{
    public static Tensor Forward(Tensor x, int dimension, int start, int length)
    {
        dimension = x.Shape.Normalize(dimension);
        if (start < 0 || length < 0 || start + length > x.Shape[dimension])
            throw new ArgumentOutOfRangeException(nameof(start), $"Slice [{start}, {start + length}) leaves dimension {dimension} of shape {x.Shape}.");
        Shape shape = x.Shape.With(dimension, length);
        Tensor y;
        if (dimension == 0)
        {
            y = x.View(start * x.Shape.CountOf(1, x.Rank), shape);
        }
        else
        {
            y = x.Device.Empty(shape, x.DType);
            x.Device.Run(new Call(x, dimension, start, y));
        }

        return Tape.IsRecording(x) ? Tape.Record(new Slice(x, dimension, start), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        if (dimension == x.Rank - 1 && dimension > 0)
        {
            var columns = new Columns(x, start, dy.Shape[-1]);
            Columns place = NewGradient(columns);
            dy.Device.Run(new SliceScatter(dy, place.Source, dimension, place.Start));
            Accumulate(columns, place);
            return;
        }

        Tensor dx = Tensor.Zeros(x.Shape, dy.Device);
        dy.Device.Run(new SliceScatter(dy, dx, dimension, start));
        Accumulate(x, dx);
    }

    /// <summary>y = the part of x that starts at a place of a dimension and has y's extent there.</summary>
    internal readonly record struct Call(Tensor X, int Dimension, int Start, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Slice);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, X.DType);
            call.ReadsPart(X, Y, X.DType);
        }

        public unsafe void OnCpu() => Kernels.StridedCopy.Block(X.Elements, X.Shape, Start, Y.Elements, Y.Shape, 0, Dimension, Y.Shape[Dimension], X.DType.Size());
    }
}
