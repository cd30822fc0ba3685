namespace PolaFormer.Tensors.Ops;

/// <summary>y[i] = start + i·step, rounded once; whole numbers are exact up to 2²⁴. An empty y stays empty.</summary>
internal readonly record struct Arange(Tensor Y, float Start, float Step) : IDeviceCall
{
    public string Name => nameof(Arange);

    public void Describe(ref CallDescription call) => call.Writes(Y);

    public unsafe void OnCpu() => Kernels.Arange.Run(Start, Step, Y.Data, Y.Count);
}
