using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>
/// Loss and metrics of batches that several workers take in turn. They add up in the order of the batches, so that the sums of any
/// number of workers are those of one.
/// </summary>
/// <param name="definitions">The metrics.</param>
internal sealed class MeasuredBatches(IReadOnlyList<MetricDefinition> definitions)
{
    private readonly MemoryStream _own = new();

    /// <summary>Takes this worker's next batch, waiting for its device.</summary>
    public void Add(in BatchResult batch) => Add(batch.Count, batch.Loss.Item(), batch.Sums.ToArray());

    /// <summary>Takes this worker's next batch.</summary>
    /// <param name="count">Examples.</param>
    /// <param name="meanLoss">Mean loss of the examples.</param>
    /// <param name="sums">Sum of each metric over them.</param>
    public void Add(int count, float meanLoss, ReadOnlySpan<float> sums)
    {
        using var writer = new BinaryWriter(_own, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(count);
        writer.Write(meanLoss);
        foreach (float sum in sums)
            writer.Write(sum);
    }

    /// <summary>The sums over the batches of all workers, on each.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public Metrics Sum(WorkerGroup workers)
    {
        BinaryReader[] readers = [.. workers.GatherAll(_own.ToArray()).Select(bytes => new BinaryReader(new MemoryStream(bytes)))];
        var metrics = new Metrics(definitions);
        float[] sums = new float[definitions.Count];
        bool isAny;
        do
        {
            isAny = false;
            foreach (BinaryReader reader in readers)
            {
                if (reader.BaseStream.Position == reader.BaseStream.Length)
                    continue;
                isAny = true;
                (int count, float loss) = (reader.ReadInt32(), reader.ReadSingle());
                for (int i = 0; i < sums.Length; i++)
                    sums[i] = reader.ReadSingle();
                metrics.Add(count, loss, sums);
            }
        }
        while (isAny);
        return metrics;
    }
}
