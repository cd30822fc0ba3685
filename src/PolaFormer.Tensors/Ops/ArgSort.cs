using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = the positions of the last dimension's elements in ascending or descending order; equal elements (+0 and −0 among them) stay in
/// order of position. NaN counts as larger than ∞. No gradient. Empty input gives empty output.
/// </summary>
internal static class ArgSort
{
    public static Tensor Forward(Tensor x, bool isDescending)
    {
        Tape.RequireUntracked(nameof(ArgSort), x);
        if (x.Rank == 0)
            throw new ArgumentException("ArgSort orders the elements of the last dimension; a scalar has none.", nameof(x));
        Tensor y = x.Device.Empty(x.Shape, DType.Int64);
        x.Device.Run(new Call(x, isDescending, y));
        return y;
    }

    internal readonly record struct Call(Tensor X, bool IsDescending, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(ArgSort);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, DType.Int64);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.ArgSort.Run(X.Data, X.RowCount, X.Shape[-1], X.Shape[-1], IsDescending, (long*)Y.Elements);
    }
}
