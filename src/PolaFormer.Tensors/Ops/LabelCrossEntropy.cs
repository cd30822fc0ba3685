using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// loss[i] = −log softmax(x[i])[label[i]], which is <see cref="CrossEntropy"/> without a table of targets, as labels of pixels would
/// need one of the logits' size. ∂x[i, c] = ∂loss[i]·(softmax(x[i])[c] − 1 where c is the label). Labels are constants.
/// </summary>
internal sealed class LabelCrossEntropy : Operator
{
    private readonly Tensor _logits, _labels;

    private LabelCrossEntropy(Tensor logits, Tensor labels)
    {
        _logits = Save(logits);
        _labels = Save(labels);
    }

    public static Tensor Forward(Tensor logits, Tensor labels)
    {
        if (logits.Rank != 2 || labels.Rank != 1 || labels.DType != DType.Int64 || labels.Shape[0] != logits.Shape[0])
            throw new ArgumentException($"Cross-entropy of labels takes logits (rows, classes) and Int64 labels (rows); got {logits.Shape} and {labels.DType} {labels.Shape}.");
        Tensor loss = logits.Device.Empty([logits.Shape[0]]);
        logits.Device.Run(new Call(logits, labels, loss));
        return Tape.IsRecording(logits) ? Tape.Record(new LabelCrossEntropy(logits, labels), loss) : loss;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dlogits = dy.Device.Empty(_logits.Shape);
        dy.Device.Run(new BackwardCall(_logits, _labels, dy, dlogits));
        Accumulate(_logits, dlogits);
    }

    internal readonly record struct Call(Tensor Logits, Tensor Labels, Tensor Loss) : IDeviceCall
    {
        public string Name => nameof(LabelCrossEntropy);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Loss);
            call.Reads(Logits);
            call.Reads(Labels, DType.Int64);
        }

        public unsafe void OnCpu() => Kernels.CrossEntropy.Label(Logits.Data, (long*)Labels.Elements, 0, Logits.RowCount, Logits.Shape[-1], Loss.Data);
    }

    internal readonly record struct BackwardCall(Tensor Logits, Tensor Labels, Tensor Dloss, Tensor Dlogits) : IDeviceCall
    {
        public string Name => "LabelCrossEntropyBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dlogits);
            call.Reads(Logits);
            call.Reads(Labels, DType.Int64);
            call.Reads(Dloss);
        }

        public unsafe void OnCpu() =>
            Kernels.CrossEntropy.LabelBackward(Logits.Data, (long*)Labels.Elements, 0, Dloss.Data, Logits.RowCount, Logits.Shape[-1], Dlogits.Data);
    }
}
