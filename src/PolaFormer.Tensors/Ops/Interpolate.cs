using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x resampled to another height and width (PyTorch's align_corners = false, no antialiasing): every output pixel is a
/// fixed weighted sum of input pixels; ∂L/∂x is the transposed sum.
/// </summary>
internal sealed class Interpolate(InterpolationMode mode, Tensor x) : Operator
{
    public static Tensor Forward(InterpolationMode mode, Tensor x, int height, int width)
    {
        if (x.Rank != 4)
            throw new ArgumentException($"Interpolation takes (B, H, W, C); got {x.Shape}.");
        Tensor y = x.Device.Empty([x.Shape[0], height, width, x.Shape[3]]);
        x.Device.Interpolate(mode, x, y);
        return Tape.IsRecording(x) ? Tape.Record(new Interpolate(mode, x), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.InterpolateBackward(mode, dy, dx);
        Accumulate(x, dx);
    }
}
