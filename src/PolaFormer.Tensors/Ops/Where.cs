using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = a where c, Float32 or Bool, is not 0, b where it is; c is a constant. ∂a = ∂y where c is not 0, else 0; ∂b the other way round. A condition
/// that is NaN is not 0; what is not chosen may be infinite or NaN. Empty input gives empty output.
/// </summary>
internal sealed class Where : Operator
{
    private readonly Tensor _condition, _a, _b;

    private Where(Tensor condition, Tensor a, Tensor b)
    {
        _condition = Save(condition);
        (_a, _b) = (a, b);
    }

    public static Tensor Forward(Tensor condition, Tensor a, Tensor b)
    {
        Tape.RequireUntracked("The condition of Where", condition);
        Shape shape = Shape.Broadcast(condition.Shape, Shape.Broadcast(a.Shape, b.Shape));
        condition = Expand.Forward(condition.DType == DType.Bool ? condition.To(DType.Float32) : condition, shape);
        a = Expand.Forward(a, shape);
        b = Expand.Forward(b, shape);
        Tensor y = a.Device.Empty(shape);
        a.Device.Run(new Call(condition, a, b, y));
        return Tape.IsRecording(a, b) ? Tape.Record(new Where(condition, a, b), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        if (NewGradient(_a) is { } da)
        {
            dy.Device.Run(new Call(_condition, dy, null, da));
            Accumulate(_a, da);
        }

        if (NewGradient(_b) is { } db)
        {
            dy.Device.Run(new Call(_condition, null, dy, db));
            Accumulate(_b, db);
        }
    }

    /// <summary>A missing operand is 0.</summary>
    internal readonly record struct Call(Tensor Condition, Tensor? A, Tensor? B, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Where);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(Condition);
            call.Reads(A);
            call.Reads(B);
        }

        public unsafe void OnCpu() => Kernels.Where.Run(Condition.Data, Tensor.DataOrNull(A), Tensor.DataOrNull(B), Y.Data, Y.Count);
    }
}
