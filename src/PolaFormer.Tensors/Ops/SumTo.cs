namespace PolaFormer.Tensors.Ops;

/// <summary>y = x summed over the dimensions in which y broadcasts to it.</summary>
internal readonly record struct SumTo(Tensor X, Tensor Y) : IDeviceCall
{
    public string Name => nameof(SumTo);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y);
        call.Reads(X);
    }

    public unsafe void OnCpu() => Kernels.Broadcast.SumTo(X.Data, X.Shape, Y.Data, Y.Shape);
}
