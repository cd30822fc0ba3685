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
        x.Device.Softmax(x, y, logarithm);
        return Tape.IsRecording(x) ? Tape.Record(new Softmax(x, y, logarithm), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.SoftmaxBackward(_y, dy, dx, _logarithm);
        Accumulate(_x, dx);
    }
}
