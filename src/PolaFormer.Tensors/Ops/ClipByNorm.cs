using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>x = x·f with f = max / (norm + 10⁻⁶) where that is less than 1; f is computed in float64.</summary>
internal readonly record struct ClipByNorm(IReadOnlyList<Tensor> Tensors, Tensor Norm, double Max) : IDeviceCall
{
    public const double Epsilon = 1e-6;

    public string Name => nameof(ClipByNorm);

    public void Describe(ref CallDescription call)
    {
        for (int i = 0; i < Tensors.Count; i++)
        {
            call.Writes(Tensors[i]);
            call.Reads(Tensors[i]);
        }

        call.Reads(Norm, DType.Float64);
    }

    public unsafe void OnCpu()
    {
        float factor = (float)(Max / (*(double*)Norm.Elements + Epsilon));
        if (factor >= 1)
            return;
        using ArrayTable table = ArrayTable.Of(Tensors);
        Clipping.Scale(table.Rows, factor);
    }
}
