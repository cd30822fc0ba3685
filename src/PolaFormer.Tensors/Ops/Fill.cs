namespace PolaFormer.Tensors.Ops;

/// <summary>y = value.</summary>
internal readonly record struct Fill(Tensor Y, float Value) : IDeviceCall
{
    public string Name => nameof(Fill);

    public void Describe(ref CallDescription call) => call.Writes(Y);

    public unsafe void OnCpu() => Kernels.Elementwise.Fill(Y.Data, Value, Y.Count);
}
