using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Boxes (n, 4·k) from deltas (n, 4·k) against boxes (n, 4): with d = deltas·std + mean, centre c′ = c + d_xy·size, size′ =
/// size·exp(clamp(d_wh, ±|ln(16/1000)|)), result c′ ∓ size′/2, clamped to an image where one is given (mmdetection's
/// DeltaXYWHBBoxCoder). ∂ of both operands; clamps pass the gradient inside and on their bounds.
/// </summary>
internal sealed class BoxDecode : Operator
{
    private readonly Tensor _boxes, _deltas;
    private readonly BoxDecodeRule _rule;

    private BoxDecode(Tensor boxes, Tensor deltas, BoxDecodeRule rule)
    {
        _boxes = Save(boxes);
        _deltas = Save(deltas);
        _rule = rule;
    }

    public static Tensor Forward(Tensor boxes, Tensor deltas, BoxDecodeRule rule)
    {
        if (boxes.Rank != 2 || deltas.Rank != 2 || boxes.Shape[1] != 4 || deltas.Shape[1] % 4 != 0 || boxes.Shape[0] != deltas.Shape[0])
            throw new ArgumentException($"Decoding takes boxes (n, 4) and deltas (n, 4·k); got {boxes.Shape} and {deltas.Shape}.");
        Tensor y = deltas.Device.Empty(deltas.Shape);
        deltas.Device.Run(new Call(boxes, deltas, rule, y));
        return Tape.IsRecording(boxes, deltas) ? Tape.Record(new BoxDecode(boxes, deltas, rule), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dboxes = dy.Device.Empty(_boxes.Shape), ddeltas = dy.Device.Empty(_deltas.Shape);
        dy.Device.Run(new BackwardCall(_boxes, _deltas, _rule, dy, dboxes, ddeltas));
        Accumulate(_boxes, dboxes);
        Accumulate(_deltas, ddeltas);
    }

    internal readonly record struct Call(Tensor Boxes, Tensor Deltas, BoxDecodeRule Rule, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(BoxDecode);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(Boxes);
            call.Reads(Deltas);
        }

        public unsafe void OnCpu() => Kernels.BoxDecode.Forward(Boxes.Data, Deltas.Data, Deltas.Shape[0], Deltas.Shape[1] / 4, Rule, Y.Data);
    }

    internal readonly record struct BackwardCall(Tensor Boxes, Tensor Deltas, BoxDecodeRule Rule, Tensor Dy, Tensor Dboxes, Tensor Ddeltas) : IDeviceCall
    {
        public string Name => "BoxDecodeBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(Boxes);
            call.Reads(Deltas);
            call.Writes(Dboxes);
            call.Writes(Ddeltas);
        }

        public unsafe void OnCpu() =>
            Kernels.BoxDecode.Backward(Boxes.Data, Deltas.Data, Deltas.Shape[0], Deltas.Shape[1] / 4, Rule, Dy.Data, Dboxes.Data, Ddeltas.Data);
    }
}
