namespace PolaFormer.Tensors.Ops;

/// <summary>
/// The k largest elements of each row of the last dimension, largest first, and their positions; of equal ones the first comes first.
/// NaN counts as larger than ∞. The values are gathered at the positions, so their gradient goes there.
/// </summary>
internal static class TopK
{
    public static (Tensor Values, Tensor Indices) Forward(Tensor x, int count)
    {
        if (x.Rank == 0 || count < 0 || count > x.Shape[-1])
            throw new ArgumentOutOfRangeException(nameof(count), count, $"The last dimension of {x.Shape} has no {count} elements.");
        Tensor indices = x.Device.Empty(x.Shape.With(-1, count), DType.Int64);
        x.Device.Run(new Call(x, indices));
        return (x.Gather(-1, indices), indices);
    }

    internal readonly record struct Call(Tensor X, Tensor Indices) : IDeviceCall
    {
        public string Name => nameof(TopK);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Indices, DType.Int64);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.ArgSort.Run(X.Data, X.RowCount, X.Shape[-1], Indices.Shape[-1], isDescending: true, (long*)Indices.Elements);
    }
}
