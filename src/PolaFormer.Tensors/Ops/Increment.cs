namespace PolaFormer.Tensors.Ops;

/// <summary>y += value, of 64-bit integers in place: counters.</summary>
internal readonly record struct Increment(Tensor Y, long Value) : IDeviceCall
{
    public string Name => nameof(Increment);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Y, DType.Int64);
        call.Reads(Y, DType.Int64);
    }

    public unsafe void OnCpu() => Kernels.Increment.Run((long*)Y.Elements, Value, Y.Count);
}
