using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = f(x) element by element, ∂L/∂x = ∂L/∂y·f′(x). Each function's value and derivative, at 0 and ±∞ too, are given at its
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
        bool isActivation = IsActivation(function);
        _x = !Kernels.Elementwise.BackwardReadsInput(function) ? x : isActivation ? Keep(x) : Save(x);
        _y = !Kernels.Elementwise.BackwardReadsOutput(function) ? y : isActivation ? Keep(y, isResult: true) : Save(y);
    }

    public override string Name => _function.ToString();

    private static bool IsActivation(UnaryFunction function) => function is UnaryFunction.Relu or UnaryFunction.Elu or UnaryFunction.Gelu or UnaryFunction.Silu;

    public static Tensor Forward(UnaryFunction function, Tensor x)
    {
        Tensor y = x.Device.Empty(x.Shape, IsActivation(function) ? x.Device.TypeOfResult(x) : DType.Float32);
        x.Device.Run(new Call(function, x, y));
        return Tape.IsRecording(x) ? Tape.Record(new Unary(function, x, y), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.Run(new BackwardCall(_function, _x, _y, dy, dx));
        Accumulate(_x, dx);
    }

    internal readonly record struct Call(UnaryFunction Function, Tensor X, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Unary)} {Function}";

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.ReadsFor(Y, X);
        }

        public unsafe void OnCpu() => Kernels.Elementwise.Unary(Function, X.Data, Y.Data, X.Count);
    }

    /// <summary>Reads x or y, as the function's derivative is written in one or the other.</summary>
    internal readonly record struct BackwardCall(UnaryFunction Function, Tensor X, Tensor Y, Tensor Dy, Tensor Dx) : IDeviceCall
    {
        public string Name => $"UnaryBackward {Function}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Kernels.Elementwise.BackwardReadsInput(Function) ? X : null);
            call.Reads(Kernels.Elementwise.BackwardReadsOutput(Function) ? Y : null);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.Elementwise.UnaryBackward(
            Function,
            Kernels.Elementwise.BackwardReadsInput(Function) ? X.Data : null,
            Kernels.Elementwise.BackwardReadsOutput(Function) ? Y.Data : null,
            Dy.Data,
            Dx.Data,
            Dx.Count);
    }
}
