using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = a ∘ b with broadcasting; each operand's gradient is summed over the dimensions in which it was stretched.
/// <list type="table">
/// <item><term>a + b</term><description>∂a = ∂y, ∂b = ∂y</description></item>
/// <item><term>a − b</term><description>∂a = ∂y, ∂b = −∂y</description></item>
/// <item><term>a·b</term><description>∂a = b·∂y, ∂b = a·∂y</description></item>
/// <item><term>a / b</term><description>∂a = ∂y / b, ∂b = −∂y·y / b; b = 0 gives ±∞ or NaN as IEEE division does</description></item>
/// <item><term>a^b</term><description>∂a = b·a^(b−1)·∂y, ∂b = a^b·ln a·∂y; both exactly 0 at a = 0 for b &gt; 1</description></item>
/// </list>
/// </summary>
internal sealed class Binary : Operator
{
    private readonly BinaryFunction _function;
    private readonly Tensor _a, _b;
    private readonly Tensor? _y;

    private Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        _function = function;
        bool needsValues = function is not (BinaryFunction.Add or BinaryFunction.Subtract), isProduct = function == BinaryFunction.Multiply;
        _a = needsValues && (!isProduct || b.IsTracked) ? Save(a) : a;
        _b = needsValues && (!isProduct || a.IsTracked) ? Save(b) : b;
        _y = function == BinaryFunction.Divide ? Save(y) : null;
    }

    public override string Name => _function.ToString();

    public static Tensor Forward(BinaryFunction function, Tensor a, Tensor b)
    {
        if (function is not (BinaryFunction.Add or BinaryFunction.Subtract or BinaryFunction.Multiply or BinaryFunction.Divide or BinaryFunction.Pow))
        {
            Tape.RequireUntracked(function.ToString(), a);
            Tape.RequireUntracked(function.ToString(), b);
        }

        Tensor y = a.Device.Empty(Shape.Broadcast(a.Shape, b.Shape));
        a.Device.Run(new Call(function, a, b, y));
        return Tape.IsRecording(a, b) ? Tape.Record(new Binary(function, a, b, y), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        switch (_function)
        {
            case BinaryFunction.Add:
                Send(_a, dy);
                Send(_b, dy);
                break;
            case BinaryFunction.Subtract:
                Send(_a, dy);
                if (_b.IsTracked)
                    Send(_b, dy * -1);
                break;
            case BinaryFunction.Multiply:
                if (_a.IsTracked)
                    Send(_a, dy * _b);
                if (_b.IsTracked)
                    Send(_b, dy * _a);
                break;
            case BinaryFunction.Divide:
                Tensor da = dy / _b;
                Send(_a, da);
                if (_b.IsTracked)
                    Send(_b, da * _y! * -1);
                break;
            case BinaryFunction.Pow:
                if (_a.IsTracked)
                    Send(_a, dy * Forward(BinaryFunction.PowGradientBase, _a, _b));
                if (_b.IsTracked)
                    Send(_b, dy * Forward(BinaryFunction.PowGradientExponent, _a, _b));
                break;
            default:
                throw new InvalidOperationException($"{Name} has no gradient.");
        }
    }

    private void Send(Tensor operand, Tensor gradient)
    {
        if (!operand.IsTracked)
            return;
        if (gradient.Shape != operand.Shape)
        {
            Tensor sum = gradient.Device.Empty(operand.Shape);
            gradient.Device.Run(new SumTo(gradient, sum));
            gradient = sum;
        }

        Accumulate(operand, gradient);
    }

    internal readonly record struct Call(BinaryFunction Function, Tensor A, Tensor B, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Binary)} {Function}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(A);
            call.Reads(B);
        }

        public unsafe void OnCpu() => Kernels.Broadcast.Binary(Function, A.Data, A.Shape, B.Data, B.Shape, Y.Data, Y.Shape);
    }
}
