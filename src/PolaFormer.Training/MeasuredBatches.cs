using System.Runtime.InteropServices;
using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>
/// Loss and metrics of batches that several workers compute. They add up in the order of the batches, so that the sums of any number
/// of workers are those of one.
/// </summary>
/// <param name="definitions">The metrics.</param>
internal sealed class MeasuredBatches(IReadOnlyList<MetricDefinition> definitions)
{
    // A row a batch: its examples, which a float holds exactly up to 2^24, their mean loss, the sum of each metric.
    private readonly List<float> _rows = [];

    private int Width => definitions.Count + 2;

    /// <summary>Takes this worker's next batch, waiting for its device.</summary>
    public void Add(in BatchResult batch) => Add(batch.Count, batch.Loss.Item(), batch.Sums.ToArray());

    /// <summary>Takes this worker's next batch.</summary>
    /// <param name="count">Examples.</param>
    /// <param name="meanLoss">Mean loss of the examples.</param>
    /// <param name="sums">Sum of each metric over them.</param>
    public void Add(int count, float meanLoss, ReadOnlySpan<float> sums)
    {
        _rows.Add(count);
        _rows.Add(meanLoss);
        _rows.AddRange(sums);
    }

    /// <summary>The sums over the batches of all workers, on each.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="isInTurn">Whether they took the batches in turn; else each has neighbours.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public Metrics Sum(WorkerGroup workers, bool isInTurn)
    {
        float[][] all = Array.ConvertAll(workers.GatherAll(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_rows))), bytes => MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        IEnumerable<(float[] Rows, int Start)> order = all.SelectMany(rows => Enumerable.Range(0, rows.Length / Width).Select(row => (rows, row * Width)));
        if (isInTurn)
            order = order.OrderBy(row => row.Start);
        var metrics = new Metrics(definitions);
        foreach ((float[] rows, int start) in order)
            metrics.Add((int)rows[start], rows[start + 1], rows.AsSpan(start + 2, definitions.Count));
        return metrics;
    }
}
