using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = softmax(x) or log softmax(x) over the last dimension. ∂x = y·(∂y − Σ y·∂y), for the logarithm
/// ∂x = ∂y − exp(y)·Σ ∂y. Entries of −∞ weigh 0; a row of only −∞ is NaN.
/// </summary>
internal sealed class Softmax : Operator
{
    private readonly Tensor _x, _y;
    private readonly bool _logarithm;

    private Softmax(Tensor x, Tensor y, bool logarithm)
    {
        _x = x;
        _y = Save(y);
        _logarithm = logarithm;
    }

    public static Tensor Forward(Tensor x, bool logarithm)
    {
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Run(new Call(x, y, logarithm));
        return Tape.IsRecording(x) ? Tape.Record(new Softmax(x, y, logarithm), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.Run(new BackwardCall(_y, dy, dx, _logarithm));
        Accumulate(_x, dx);
    }

    internal readonly record struct Call(Tensor X, Tensor Y, bool Logarithm) : IDeviceCall
    {
        public string Name => nameof(Softmax);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            if (Logarithm)
                Kernels.Softmax.LogForward(X.Data, Y.Data, X.RowCount, X.Shape[-1]);
            else
                Kernels.Softmax.Forward(X.Data, Y.Data, X.RowCount, X.Shape[-1]);
        }
    }

    internal readonly record struct BackwardCall(Tensor Y, Tensor Dy, Tensor Dx, bool Logarithm) : IDeviceCall
    {
        public string Name => "SoftmaxBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Y);
            call.Reads(Dy);
        }

        public unsafe void OnCpu()
        {
            if (Logarithm)
                Kernels.Softmax.LogBackward(Y.Data, Dy.Data, Dx.Data, Y.RowCount, Y.Shape[-1]);
            else
                Kernels.Softmax.Backward(Y.Data, Dy.Data, Dx.Data, Y.RowCount, Y.Shape[-1]);
        }
    }
}
