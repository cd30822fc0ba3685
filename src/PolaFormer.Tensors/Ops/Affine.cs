using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = scale·x + offset with constant numbers; ∂L/∂x = scale·∂L/∂y.</summary>
internal sealed class Affine(Tensor x, float scale) : Operator
{
    public static Tensor Forward(Tensor x, float scale, float offset)
    {
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Run(new Call(x, scale, offset, y));
        return Tape.IsRecording(x) ? Tape.Record(new Affine(x, scale), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.Run(new Call(dy, scale, 0, dx));
        Accumulate(x, dx);
    }

    /// <summary>y = scale·x + offset.</summary>
    internal readonly record struct Call(Tensor X, float Scale, float Offset, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Affine);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.Elementwise.Affine(Scale, Offset, X.Data, Y.Data, X.Count);
    }
}
