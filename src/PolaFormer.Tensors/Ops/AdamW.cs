using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>Updates parameters and their means in place.</summary>
internal readonly record struct AdamW(IReadOnlyList<AdamWEntry> Entries, AdamWStep Step) : IDeviceCall
{
    public string Name => nameof(AdamW);

    public void Describe(ref CallDescription call)
    {
        for (int i = 0; i < Entries.Count; i++)
        {
            AdamWEntry entry = Entries[i];
            call.Writes(entry.Weight);
            call.Writes(entry.Mean);
            call.Writes(entry.Square);
            call.Reads(entry.Weight);
            call.Reads(entry.Gradient);
            call.Reads(entry.Rates);
            call.Reads(entry.Mean);
            call.Reads(entry.Square);
        }
    }

    public unsafe void OnCpu()
    {
        using ArrayTable table = ArrayTable.OfRows(Entries.Count);
        for (int i = 0; i < Entries.Count; i++)
        {
            AdamWEntry entry = Entries[i];
            table.Rows[i] = new ArrayRow(entry.Weight.Data, entry.Gradient.Data, entry.Mean.Data, entry.Square.Data, entry.Weight.Count)
            {
                LearningRate = entry.LearningRate,
                WeightDecay = entry.WeightDecay,
            };
        }

        Optimizer.AdamW(Step, table.Rows);
    }
}
