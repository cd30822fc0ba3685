namespace PolaFormer.Tensors.Ops;

/// <summary>y = x in y's type; one of the two types is float32, or they are equal.</summary>
internal readonly record struct Convert(Tensor X, Tensor Y) : IDeviceCall
{
    public string Name => nameof(Convert);

    public void Describe(ref CallDescription call)
    {
        call.Reads(X, type: null);
        call.Writes(Y, type: null);
    }

    public unsafe void OnCpu()
    {
        if (X.DType == Y.DType)
            new Copy(X, Y).OnCpu();
        else if (Y.DType == DType.Float32)
            Kernels.HalfConversion.ToFloat32(X.DType, X.Elements, Y.Data, X.Count);
        else if (X.DType == DType.Float32)
            Kernels.HalfConversion.FromFloat32(X.Data, Y.DType, Y.Elements, X.Count);
        else
            throw new InvalidOperationException($"Conversion from {X.DType} to {Y.DType} goes by Float32: convert twice.");
    }
}
