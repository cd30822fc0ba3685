using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = scale·x + offset with constant numbers; ∂L/∂x = scale·∂L/∂y.</summary>
internal sealed class Affine(Tensor x, float scale) : Operator
{
    public static Tensor Forward(Tensor x, float scale, float offset)
    {
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Affine(x, scale, offset, y);
        return Tape.IsRecording(x) ? Tape.Record(new Affine(x, scale), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.Affine(dy, scale, 0, dx);
        Accumulate(x, dx);
    }
}
