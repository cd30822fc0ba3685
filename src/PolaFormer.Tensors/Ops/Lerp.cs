using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>target = keep·target + take·source, product by product; of Int64 in float32, cut to a whole number.</summary>
internal readonly record struct Lerp(IReadOnlyList<(Tensor Target, Tensor Source)> Pairs, float Keep, float Take, Tensor? Rates = null) : IDeviceCall
{
    public string Name => nameof(Lerp);

    public void Describe(ref CallDescription call)
    {
        for (int i = 0; i < Pairs.Count; i++)
        {
            (Tensor target, Tensor source) = Pairs[i];
            call.Writes(target, target.DType);
            call.Reads(target, target.DType);
            call.Reads(source, target.DType);
        }

        call.Reads(Rates);
    }

    public unsafe void OnCpu()
    {
        using ArrayTable table = ArrayTable.OfRows(Pairs.Count);
        int rows = 0;
        for (int i = 0; i < Pairs.Count; i++)
        {
            (Tensor target, Tensor source) = Pairs[i];
            if (target.DType == DType.Float32)
                table.Rows[rows++] = new ArrayRow(target.Data, source.Data, null, null, target.Count);
            else
                MovingAverage.Run((long*)target.Elements, (long*)source.Elements, Keep, Take, target.Count);
        }

        MovingAverage.Run(table.Rows[..rows], Keep, Take);
    }
}
