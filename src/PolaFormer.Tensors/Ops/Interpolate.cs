using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x resampled to another height and width (PyTorch's interpolate, no antialiasing): every output pixel is a
/// fixed weighted sum of input pixels; ∂L/∂x is the transposed sum.
/// </summary>
internal sealed class Interpolate(InterpolationMode mode, Tensor x) : Operator
{
    public static Tensor Forward(InterpolationMode mode, Tensor x, int height, int width, Device device, Tensor? addend = null)
    {
        if (x.Rank != 4)
            throw new ArgumentException($"Interpolation takes (B, H, W, C); got {x.Shape}.");
        Shape shape = [x.Shape[0], height, width, x.Shape[3]];
        if (addend is not null)
        {
            if (addend.Shape != shape)
                throw new ArgumentException($"The addend {addend.Shape} is not as large as the result {shape}.");
            if (Tape.IsRecording(x, addend) || !device.Fuses<AddingCall>())
                return addend + Forward(mode, x, height, width, device);
            Tensor sum = device.Empty(shape);
            device.Run(new AddingCall(mode, x, addend, sum));
            return sum;
        }

        Tensor y = device.Empty(shape);
        device.Run(new Call(mode, x, y));
        return Tape.IsRecording(x) ? Tape.Record(new Interpolate(mode, x), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Run(new BackwardCall(mode, dy, dx));
        Accumulate(x, dx);
    }

    internal readonly record struct Call(InterpolationMode Mode, Tensor X, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Interpolate);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.Interpolation.Image(Mode, X.Data, X.Shape[0], X.Shape[1], X.Shape[2], X.Shape[3], Y.Data, Y.Shape[1], Y.Shape[2]);
    }

    /// <summary>y = addend + x resampled.</summary>
    internal readonly record struct AddingCall(InterpolationMode Mode, Tensor X, Tensor Addend, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Interpolate);

        public void Describe(ref CallDescription call)
        {
            new Call(Mode, X, Y).Describe(ref call);
            call.Reads(Addend);
        }

        public unsafe void OnCpu() =>
            Kernels.Interpolation.Image(Mode, X.Data, X.Shape[0], X.Shape[1], X.Shape[2], X.Shape[3], Y.Data, Y.Shape[1], Y.Shape[2], Addend.Data);
    }

    internal readonly record struct BackwardCall(InterpolationMode Mode, Tensor Dy, Tensor Dx) : IDeviceCall
    {
        public string Name => "InterpolateBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() =>
            Kernels.Interpolation.ImageBackward(Mode, Dy.Data, Dy.Shape[0], Dy.Shape[1], Dy.Shape[2], Dy.Shape[3], Dx.Data, Dx.Shape[1], Dx.Shape[2]);
    }
}
