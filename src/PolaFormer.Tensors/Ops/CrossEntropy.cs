using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// loss[i] = −Σ_c t[i, c]·log softmax(x[i])[c] with targets t that need not be one-hot (label smoothing, mixup).
/// ∂x[i, c] = ∂loss[i]·(softmax(x[i])[c]·Σ t[i] − t[i, c]). Targets are constants.
/// </summary>
internal sealed class CrossEntropy : Operator
{
    private readonly Tensor _logits, _targets;

    private CrossEntropy(Tensor logits, Tensor targets)
    {
        _logits = Save(logits);
        _targets = Save(targets);
    }

    public static Tensor Forward(Tensor logits, Tensor targets)
    {
        if (logits.Rank != 2 || logits.Shape != targets.Shape)
            throw new ArgumentException($"Cross-entropy takes logits and targets of one shape (rows, classes); got {logits.Shape} and {targets.Shape}.");
        Tape.RequireUntracked("The target of CrossEntropy", targets);
        Tensor loss = logits.Device.Empty([logits.Shape[0]]);
        logits.Device.Run(new Call(logits, targets, loss));
        return Tape.IsRecording(logits) ? Tape.Record(new CrossEntropy(logits, targets), loss) : loss;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dlogits = dy.Device.Empty(_logits.Shape);
        dy.Device.Run(new BackwardCall(_logits, _targets, dy, dlogits));
        Accumulate(_logits, dlogits);
    }

    internal readonly record struct Call(Tensor Logits, Tensor Targets, Tensor Loss) : IDeviceCall
    {
        public string Name => nameof(CrossEntropy);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Loss);
            call.Reads(Logits);
            call.Reads(Targets);
        }

        public unsafe void OnCpu() => Kernels.CrossEntropy.Soft(Logits.Data, Targets.Data, Logits.RowCount, Logits.Shape[-1], Loss.Data);
    }

    internal readonly record struct BackwardCall(Tensor Logits, Tensor Targets, Tensor Dloss, Tensor Dlogits) : IDeviceCall
    {
        public string Name => "CrossEntropyBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dlogits);
            call.Reads(Logits);
            call.Reads(Targets);
            call.Reads(Dloss);
        }

        public unsafe void OnCpu() => Kernels.CrossEntropy.SoftBackward(Logits.Data, Targets.Data, Dloss.Data, Logits.RowCount, Logits.Shape[-1], Dlogits.Data);
    }
}
