namespace PolaFormer.Tensors.Ops;

/// <summary>norm = √Σ x² over all elements of all tensors, a Float64.</summary>
internal readonly record struct GlobalNorm(IReadOnlyList<Tensor> Tensors, Tensor Norm) : IDeviceCall
{
    public string Name => nameof(GlobalNorm);

    public void Describe(ref CallDescription call)
    {
        call.Writes(Norm, DType.Float64);
        for (int i = 0; i < Tensors.Count; i++)
            call.Reads(Tensors[i]);
    }

    public unsafe void OnCpu()
    {
        using ArrayTable table = ArrayTable.Of(Tensors);
        *(double*)Norm.Elements = Math.Sqrt(Kernels.GlobalNorm.SumOfSquares(table.Rows));
    }
}
