namespace PolaFormer.Reproduction;

/// <summary>A measured cell of table 6.</summary>
/// <param name="Task">Task of Long Range Arena.</param>
/// <param name="Attention">Mechanism with its options.</param>
/// <param name="Batch">Rows of a step; pairs in Retrieval.</param>
/// <param name="Chunks">Equal parts that a batch is cut into.</param>
/// <param name="Steps">Steps that were measured, after one that was not.</param>
/// <param name="SecondsPerStep">Their mean time.</param>
/// <param name="PeakBytes">Most memory that tensors took within a step, weights and moments not counted.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Device">Where it was measured.</param>
public sealed record ThroughputCell(string Task, string Attention, int Batch, int Chunks, int Steps, double SecondsPerStep, long PeakBytes, int Threads, string Device)
{
    /// <summary>Rows, or pairs, a second.</summary>
    public double Throughput => Batch / SecondsPerStep;

    /// <summary>Megabytes of 2²⁰ bytes.</summary>
    public double Megabytes => PeakBytes / (double)(1 << 20);
}
