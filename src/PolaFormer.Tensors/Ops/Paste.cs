namespace PolaFormer.Tensors.Ops;

/// <summary>Overwrites the part of y that starts at a place of a dimension with x.</summary>
internal readonly record struct Paste(Tensor X, Tensor Y, int Dimension, int Start) : IDeviceCall
{
    public string Name => nameof(Paste);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y, X.DType);
        call.Reads(X, X.DType);
    }

    public unsafe void OnCpu() =>
        Kernels.StridedCopy.Block(X.Elements, X.Shape, 0, Y.Elements, Y.Shape, Start, Dimension, X.Shape[Dimension], X.DType.Size());
}
