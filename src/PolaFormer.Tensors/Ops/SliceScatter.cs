namespace PolaFormer.Tensors.Ops;

/// <summary>y[…, start … start + n, …] = x, with n places of a dimension; the rest of y stays.</summary>
internal readonly record struct SliceScatter(Tensor X, Tensor Y, int Dimension, int Start) : IDeviceCall
{
    public string Name => nameof(SliceScatter);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y, Y.DType);
        // Parts of one type, or floats of parts that differ.
        if (X.DType == Y.DType)
            call.Reads(X, X.DType);
        else
            call.ReadsFor(Y, X);
    }

    public unsafe void OnCpu() =>
        Kernels.StridedCopy.Block(X.Elements, X.Shape, 0, Y.Elements, Y.Shape, Start, Dimension, X.Shape[Dimension], X.DType.Size());
}
