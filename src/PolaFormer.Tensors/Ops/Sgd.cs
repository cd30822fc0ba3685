namespace PolaFormer.Tensors.Ops;

/// <summary>Updates a parameter and its velocity in place.</summary>
internal readonly record struct Sgd(Tensor Weight, Tensor Gradient, Tensor Velocity, SgdStep Step) : IDeviceCall
{
    public string Name => nameof(Sgd);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Weight);
        call.Writes(Velocity);
        call.Reads(Weight);
        call.Reads(Gradient);
        call.Reads(Velocity);
    }

    public unsafe void OnCpu() => Kernels.Optimizer.Sgd(Step, Weight.Data, Gradient.Data, Velocity.Data, Weight.Count);
}
