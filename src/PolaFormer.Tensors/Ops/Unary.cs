using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = f(x) element by element, ∂L/∂x = ∂L/∂y·f′(x). Each function's value and derivative, at 0 and ±∞ too, stand at its
/// kernel in <c>Kernels/Elementwise</c>. Empty input gives empty output.
/// </summary>
internal sealed class Unary : Operator
{
    private readonly UnaryFunction _function;
    private readonly Tensor _x, _y;

    private Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        _function = function;
        // The kernels read one of the two; the other may go.
        _x = Kernels.Elementwise.BackwardReadsInput(function) ? Save(x) : x;
        _y = Kernels.Elementwise.BackwardReadsOutput(function) ? Save(y) : y;
    }

    public override string Name => _function.ToString();

    public static Tensor Forward(UnaryFunction function, Tensor x)
    {
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Unary(function, x, y);
        return Tape.IsRecording(x) ? Tape.Record(new Unary(function, x, y), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.UnaryBackward(_function, _x, _y, dy, dx);
        Accumulate(_x, dx);
    }
}
