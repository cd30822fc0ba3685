using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// The overlap of boxes (x₁, y₁, x₂, y₂): of every a with every b, (n, m), or of pairs, (n); see <see cref="OverlapMode"/>. The gradient
/// of a maximum or minimum goes to the larger or smaller operand, half to each where they are equal. No boxes give an empty result.
/// </summary>
internal sealed class BoxOverlaps : Operator
{
    private readonly Tensor _a, _b;
    private readonly OverlapMode _mode;
    private readonly bool _isAligned;

    private BoxOverlaps(Tensor a, Tensor b, OverlapMode mode, bool isAligned)
    {
        _a = Save(a);
        _b = Save(b);
        (_mode, _isAligned) = (mode, isAligned);
    }

    public static Tensor Forward(Tensor a, Tensor b, OverlapMode mode, bool isAligned)
    {
        if (a.Rank != 2 || b.Rank != 2 || a.Shape[1] != 4 || b.Shape[1] != 4 || (isAligned && a.Shape != b.Shape))
            throw new ArgumentException($"Overlaps are of boxes (n, 4) and (m, 4){(isAligned ? " in pairs" : "")}; got {a.Shape} and {b.Shape}.");
        Tensor y = a.Device.Empty(isAligned ? [a.Shape[0]] : [a.Shape[0], b.Shape[0]]);
        a.Device.Run(new Call(a, b, mode, isAligned, y));
        return Tape.IsRecording(a, b) ? Tape.Record(new BoxOverlaps(a, b, mode, isAligned), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor da = dy.Device.Empty(_a.Shape), db = dy.Device.Empty(_b.Shape);
        dy.Device.Run(new BackwardCall(_a, _b, _mode, _isAligned, dy, da, db));
        Accumulate(_a, da);
        Accumulate(_b, db);
    }

    internal readonly record struct Call(Tensor A, Tensor B, OverlapMode Mode, bool IsAligned, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(BoxOverlaps);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(A);
            call.Reads(B);
        }

        public unsafe void OnCpu() => Kernels.BoxOverlaps.Forward(A.Data, A.Shape[0], B.Data, B.Shape[0], Mode, IsAligned, Y.Data);
    }

    internal readonly record struct BackwardCall(Tensor A, Tensor B, OverlapMode Mode, bool IsAligned, Tensor Dy, Tensor Da, Tensor Db) : IDeviceCall
    {
        public string Name => "BoxOverlapsBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(A);
            call.Reads(B);
            call.Writes(Da);
            call.Writes(Db);
        }

        public unsafe void OnCpu() => Kernels.BoxOverlaps.Backward(A.Data, A.Shape[0], B.Data, B.Shape[0], Mode, IsAligned, Dy.Data, Da.Data, Db.Data);
    }
}
