using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = 1 where a and b are in the relation, else 0, with broadcasting: a mask as <see cref="Where"/> and products take it. Constant
/// almost everywhere, so it has no gradient. +0 and −0 are equal. Empty input gives empty output.
/// </summary>
internal static class Compare
{
    public static Tensor Forward(Comparison comparison, Tensor a, Tensor b)
    {
        Tape.RequireUntracked(nameof(Compare), a);
        Tape.RequireUntracked(nameof(Compare), b);
        Tensor y = a.Device.Empty(Shape.Broadcast(a.Shape, b.Shape));
        a.Device.Run(new Call(comparison, a, b, y));
        return y;
    }

    internal readonly record struct Call(Comparison Comparison, Tensor A, Tensor B, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Compare)} {Comparison}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(A);
            call.Reads(B);
        }

        public unsafe void OnCpu() => Kernels.Broadcast.Compare(Comparison, A.Data, A.Shape, B.Data, B.Shape, Y.Data, Y.Shape);
    }
}
