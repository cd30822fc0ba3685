namespace PolaFormer.Tensors.Ops;

/// <summary>y = (number of NaN, number of infinite values) among columns of x; (0, 0) for none.</summary>
internal readonly record struct CountNonFinite(Columns X, Tensor Y) : IDeviceCall
{
    public string Name => nameof(CountNonFinite);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y, DType.Int64);
        call.Reads(X);
    }

    public unsafe void OnCpu()
    {
        long rows = X.Source.Count / Math.Max(X.RowStride, 1);
        bool isWhole = X.Width == X.RowStride;
        (long nans, long infinities) = isWhole ? Kernels.NonFinite.Count(X.Data, 1, X.Source.Count, 0) : Kernels.NonFinite.Count(X.Data, rows, X.Width, X.RowStride);
        (((long*)Y.Elements)[0], ((long*)Y.Elements)[1]) = (nans, infinities);
    }
}
