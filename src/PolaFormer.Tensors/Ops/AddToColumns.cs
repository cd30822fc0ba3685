namespace PolaFormer.Tensors.Ops;

/// <summary>y += x.</summary>
internal readonly record struct AddToColumns(Tensor X, Columns Y) : IDeviceCall
{
    public string Name => nameof(AddToColumns);

    public void Describe(ref CallDescription call)
    {
        call.ReadsGradient(X);
        call.Reads(Y);
        call.Writes(Y);
    }

    public unsafe void OnCpu() => Kernels.Elementwise.AddToColumns(X.Data, X.Count / Y.Width, Y.Width, Y.Data, Y.RowStride);
}
