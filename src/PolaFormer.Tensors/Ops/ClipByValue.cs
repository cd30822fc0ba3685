using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>x = min(max(x, −limit), limit).</summary>
internal readonly record struct ClipByValue(IReadOnlyList<Tensor> Tensors, float Limit) : IDeviceCall
{
    public string Name => nameof(ClipByValue);

    public void Describe(ref CallDescription call)
    {
        for (int i = 0; i < Tensors.Count; i++)
        {
            call.Writes(Tensors[i]);
            call.Reads(Tensors[i]);
        }
    }

    public void OnCpu()
    {
        using ArrayTable table = ArrayTable.Of(Tensors);
        Clipping.Clamp(table.Rows, Limit);
    }
}
