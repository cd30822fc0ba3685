namespace PolaFormer.Tensors.Ops;

/// <summary>Updates a parameter and its means in place.</summary>
internal readonly record struct AdamW(Tensor Weight, Tensor Gradient, Tensor Mean, Tensor Square, AdamWStep Step) : IDeviceCall
{
    public string Name => nameof(AdamW);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Weight);
        call.Writes(Mean);
        call.Writes(Square);
        call.Reads(Weight);
        call.Reads(Gradient);
        call.Reads(Mean);
        call.Reads(Square);
    }

    public unsafe void OnCpu() => Kernels.Optimizer.AdamW(Step, Weight.Data, Gradient.Data, Mean.Data, Square.Data, Weight.Count);
}
