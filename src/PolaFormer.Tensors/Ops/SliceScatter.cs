namespace PolaFormer.Tensors.Ops;

/// <summary>y[…, start … start + n, …] = x, with n places of a dimension; the rest of y stays.</summary>
internal readonly record struct SliceScatter(Tensor X, Tensor Y, int Dimension, int Start) : IDeviceCall
{
    public string Name => nameof(SliceScatter);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y, X.DType);
        call.Reads(X, X.DType);
    }

    public unsafe void OnCpu() =>
        Kernels.StridedCopy.Block(X.Elements, X.Shape, 0, Y.Elements, Y.Shape, Start, Dimension, X.Shape[Dimension], X.DType.Size());
}
