using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>Updates parameters and their velocities in place.</summary>
internal readonly record struct Sgd(IReadOnlyList<SgdEntry> Entries, SgdStep Step) : IDeviceCall
{
    public string Name => nameof(Sgd);

    public void Describe(ref CallDescription call)
    {
        for (int i = 0; i < Entries.Count; i++)
        {
            SgdEntry entry = Entries[i];
            call.Writes(entry.Weight);
            call.Writes(entry.Velocity);
            call.Reads(entry.Weight);
            call.Reads(entry.Gradient);
            call.Reads(entry.Rates);
            call.Reads(entry.Velocity);
        }
    }

    public unsafe void OnCpu()
    {
        using ArrayTable table = ArrayTable.OfRows(Entries.Count);
        for (int i = 0; i < Entries.Count; i++)
        {
            SgdEntry entry = Entries[i];
            table.Rows[i] = new ArrayRow(entry.Weight.Data, entry.Gradient.Data, entry.Velocity.Data, null, entry.Weight.Count)
            {
                LearningRate = entry.LearningRate,
                WeightDecay = entry.WeightDecay,
            };
        }

        Optimizer.Sgd(Step, table.Rows);
    }
}
