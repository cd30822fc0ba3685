namespace PolaFormer.Tensors.Ops;

/// <summary>y = a·x + b·y.</summary>
internal readonly record struct AddScaled(Tensor X, float A, Tensor Y, float B) : IDeviceCall
{
    public string Name => nameof(AddScaled);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y);
        call.Reads(X);
        call.Reads(Y);
    }

    public unsafe void OnCpu() => Kernels.Elementwise.AddScaled(A, X.Data, B, Y.Data, X.Count);
}
