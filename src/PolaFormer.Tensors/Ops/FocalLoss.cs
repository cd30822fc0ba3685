using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Sigmoid focal loss of each element (Lin et al., ICCV 2017): with p = sigmoid(x[i, c]) and t = 1 where c is the label of row i,
/// loss = (α·t + (1 − α)·(1 − t))·q^γ·H(x, t), q = (1 − p)·t + p·(1 − t), H the binary cross-entropy. A label equal to the number
/// of classes is of none. ∂x is that of the whole formula, the factor q^γ included. Infinite logits give the limits 0 or ∞.
/// </summary>
internal sealed class FocalLoss : Operator
{
    private readonly Tensor _logits, _labels;
    private readonly float _gamma, _alpha;

    private FocalLoss(Tensor logits, Tensor labels, float gamma, float alpha)
    {
        _logits = Save(logits);
        _labels = Save(labels);
        (_gamma, _alpha) = (gamma, alpha);
    }

    public static Tensor Forward(Tensor logits, Tensor labels, float gamma, float alpha)
    {
        if (logits.Rank != 2 || labels.Rank != 1 || labels.DType != DType.Int64 || labels.Shape[0] != logits.Shape[0])
            throw new ArgumentException($"Focal loss takes logits (rows, classes) and Int64 labels (rows); got {logits.Shape} and {labels.DType} {labels.Shape}.");
        Tensor loss = logits.Device.Empty(logits.Shape);
        logits.Device.Run(new Call(logits, labels, gamma, alpha, null, loss));
        return Tape.IsRecording(logits) ? Tape.Record(new FocalLoss(logits, labels, gamma, alpha), loss) : loss;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dlogits = dy.Device.Empty(_logits.Shape);
        dy.Device.Run(new Call(_logits, _labels, _gamma, _alpha, dy, dlogits));
        Accumulate(_logits, dlogits);
    }

    /// <summary>The losses, or with a gradient of them, that of the logits.</summary>
    internal readonly record struct Call(Tensor Logits, Tensor Labels, float Gamma, float Alpha, Tensor? Dy, Tensor Y) : IDeviceCall
    {
        public string Name => Dy is null ? nameof(FocalLoss) : "FocalLossBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(Logits);
            call.Reads(Labels, DType.Int64);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.FocalLoss.Run(
            Logits.Data, (long*)Labels.Elements, Logits.Shape[0], Logits.Shape[1], Gamma, Alpha, Tensor.DataOrNull(Dy), Y.Data);
    }
}
