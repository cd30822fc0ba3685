using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x·cos + rotate(x)·sin for neighbouring channel pairs, rotate(x₀, x₁) = (−x₁, x₀), the tables equal for all heads.
/// ∂x = ∂y·cos − rotate(∂y·sin): the turn back when the two channels of a pair share their angle.
/// </summary>
internal sealed class Rotate : Operator
{
    private readonly Columns _x;
    private readonly Tensor _sin, _cos;
    private readonly int _numHeads;

    private Rotate(Columns x, Tensor sin, Tensor cos, int numHeads)
    {
        (_x, _numHeads) = (x, numHeads);
        _sin = Save(sin);
        _cos = Save(cos);
    }

    public static Tensor Forward(Columns x, Tensor sin, Tensor cos, int numHeads)
    {
        if (sin.Shape != new Shape(x.Tokens, x.Width / numHeads) || cos.Shape != sin.Shape)
            throw new ArgumentException($"The rotary tables {sin.Shape} do not fit {x.Tokens} tokens of {x.Width / numHeads} channels.");
        Device device = x.Source.Device;
        Tensor y = device.Empty([x.Source.Shape[0], x.Tokens, x.Width]);
        device.Run(new Call(x, sin, cos, numHeads, y));
        return Tape.IsRecording(x.Source) ? Tape.Record(new Rotate(x, sin, cos, numHeads), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Columns dx = NewGradient(_x);
        dy.Device.Run(new BackwardCall(dy, _sin, _cos, _numHeads, dx));
        Accumulate(_x, dx);
    }

    internal readonly record struct Call(Columns X, Tensor Sin, Tensor Cos, int NumHeads, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Rotate);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Sin);
            call.Reads(Cos);
        }

        public unsafe void OnCpu() =>
            Kernels.Rotary.Forward(X.Source.Shape[0], X.Tokens, NumHeads, X.Width / NumHeads, X.Rows, Sin.Data, Cos.Data, ((Columns)Y).Rows);
    }

    internal readonly record struct BackwardCall(Tensor Dy, Tensor Sin, Tensor Cos, int NumHeads, Columns Dx) : IDeviceCall
    {
        public string Name => "RotateBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(Sin);
            call.Reads(Cos);
            call.Writes(Dx);
        }

        public unsafe void OnCpu() =>
            Kernels.Rotary.Backward(Dx.Source.Shape[0], Dx.Tokens, NumHeads, Dx.Width / NumHeads, ((Columns)Dy).Rows, Sin.Data, Cos.Data, Dx.Rows);
    }
}
