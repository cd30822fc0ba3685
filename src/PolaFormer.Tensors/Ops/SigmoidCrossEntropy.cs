using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Binary cross-entropy of each element: loss = max(x, 0) − x·t + ln(1 + e^−|x|) of a logit x and a target t in [0, 1].
/// ∂x = sigmoid(x) − t. Targets are constants. Infinite logits give 0 or ∞.
/// </summary>
internal sealed class SigmoidCrossEntropy : Operator
{
    private readonly Tensor _logits, _targets;

    private SigmoidCrossEntropy(Tensor logits, Tensor targets)
    {
        _logits = Save(logits);
        _targets = Save(targets);
    }

    public static Tensor Forward(Tensor logits, Tensor targets)
    {
        if (logits.Shape != targets.Shape)
            throw new ArgumentException($"Binary cross-entropy takes logits and targets of one shape; got {logits.Shape} and {targets.Shape}.");
        Tape.RequireUntracked("The target of SigmoidCrossEntropy", targets);
        Tensor loss = logits.Device.Empty(logits.Shape);
        logits.Device.Run(new Call(logits, targets, null, loss));
        return Tape.IsRecording(logits) ? Tape.Record(new SigmoidCrossEntropy(logits, targets), loss) : loss;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dlogits = dy.Device.Empty(_logits.Shape);
        dy.Device.Run(new Call(_logits, _targets, dy, dlogits));
        Accumulate(_logits, dlogits);
    }

    /// <summary>The losses, or with a gradient of them, that of the logits.</summary>
    internal readonly record struct Call(Tensor Logits, Tensor Targets, Tensor? Dy, Tensor Y) : IDeviceCall
    {
        public string Name => Dy is null ? nameof(SigmoidCrossEntropy) : "SigmoidCrossEntropyBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(Logits);
            call.Reads(Targets);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.SigmoidCrossEntropy.Run(Logits.Data, Targets.Data, Logits.Count, Tensor.DataOrNull(Dy), Y.Data);
    }
}
