using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y[(i + shift) mod n] = x[i] along a dimension; ∂L/∂x is ∂L/∂y rolled back.</summary>
internal sealed class Roll(Tensor x, int dimension, int shift) : Operator
{
    public static Tensor Forward(Tensor x, int dimension, int shift)
    {
        dimension = x.Shape.Normalize(dimension);
        Tensor y = x.Device.Empty(x.Shape, x.DType);
        x.Device.Roll(x, dimension, shift, y);
        return Tape.IsRecording(x) ? Tape.Record(new Roll(x, dimension, shift), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Roll(dy, dimension, -shift, dx);
        Accumulate(x, dx);
    }
}
