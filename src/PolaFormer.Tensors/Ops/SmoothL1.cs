using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// With d = |x − t|: d²/(2·β) below β, d − β/2 from there on; d itself for β = 0 (smooth L1 and L1). ∂x = (x − t)/β or its sign,
/// 0 at 0. Targets are constants. Infinite differences give ∞.
/// </summary>
internal sealed class SmoothL1 : Operator
{
    private readonly Tensor _x, _targets;
    private readonly float _beta;

    private SmoothL1(Tensor x, Tensor targets, float beta)
    {
        _x = Save(x);
        _targets = Save(targets);
        _beta = beta;
    }

    public static Tensor Forward(Tensor x, Tensor targets, float beta)
    {
        if (x.Shape != targets.Shape || !(beta >= 0))
            throw new ArgumentException($"Smooth L1 takes values and targets of one shape and a bound of at least 0; got {x.Shape}, {targets.Shape} and {beta}.");
        Tape.RequireUntracked("The target of SmoothL1", targets);
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Run(new Call(x, targets, beta, null, y));
        return Tape.IsRecording(x) ? Tape.Record(new SmoothL1(x, targets, beta), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        dy.Device.Run(new Call(_x, _targets, _beta, dy, dx));
        Accumulate(_x, dx);
    }

    /// <summary>The losses, or with a gradient of them, that of the values.</summary>
    internal readonly record struct Call(Tensor X, Tensor Targets, float Beta, Tensor? Dy, Tensor Y) : IDeviceCall
    {
        public string Name => Dy is null ? nameof(SmoothL1) : "SmoothL1Backward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Targets);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.SmoothL1.Run(X.Data, Targets.Data, X.Count, Beta, Tensor.DataOrNull(Dy), Y.Data);
    }
}
