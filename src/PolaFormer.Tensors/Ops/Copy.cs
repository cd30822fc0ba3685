namespace PolaFormer.Tensors.Ops;

/// <summary>y = x, byte by byte; shapes of as many elements and equal types.</summary>
internal readonly record struct Copy(Tensor X, Tensor Y) : IDeviceCall
{
    public string Name => nameof(Copy);

    public void Describe(ref CallDescription call)
    {
        call.Reads(X, X.DType);
        call.Writes(Y, X.DType);
    }

    public unsafe void OnCpu() => Buffer.MemoryCopy(X.Elements, Y.Elements, Y.ByteCount, X.ByteCount);
}
