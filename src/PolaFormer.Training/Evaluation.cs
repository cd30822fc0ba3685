using System.Diagnostics;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training;

/// <summary>What a network achieves on a set of examples.</summary>
/// <param name="Metrics">Loss and metrics over all of them.</param>
/// <param name="Elapsed">Time, loading included.</param>
public sealed record Evaluation(Metrics Metrics, TimeSpan Elapsed)
{
    /// <summary>Examples seen.</summary>
    public long Count => Metrics.Count;

    /// <summary>Mean loss of an example.</summary>
    public double Loss => Metrics.Loss;

    /// <summary>The metric that decides which network is the best.</summary>
    public MetricValue First => Metrics.First;

    /// <summary>Speed, loading included.</summary>
    public double ExamplesPerSecond => Count / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>A metric by its name.</summary>
    public double this[string name] => Metrics[name];

    /// <summary>Measures a network in evaluation mode; its mode is restored afterwards. Null where it was stopped.</summary>
    /// <param name="model">The network.</param>
    /// <param name="definitions">The metrics.</param>
    /// <param name="batches">What is evaluated on.</param>
    /// <param name="measure">Measures a batch; it runs in a memory scope of its own.</param>
    /// <param name="stop">Requests the stop.</param>
    /// <param name="workers">Those that share the batches; the result is that of all, on each. This process alone where null.</param>
    /// <param name="isInTurn">Whether they take the batches in turn; else each has neighbours, worker 0 the first.</param>
    public static Evaluation? Run<TBatch>(
        Module model, IReadOnlyList<MetricDefinition> definitions, IEnumerable<TBatch> batches, Func<TBatch, BatchResult> measure, CancellationToken stop, WorkerGroup? workers = null, bool isInTurn = true)
    {
        var measured = new MeasuredBatches(definitions);
        bool wasTraining = model.IsTraining;
        model.Evaluate();
        long start = Stopwatch.GetTimestamp();
        foreach (TBatch batch in batches)
        {
            if (stop.IsCancellationRequested)
                return null;
            using var scope = MemoryScope.Enter();
            measured.Add(measure(batch));
        }

        if (wasTraining)
            model.Train();
        return new Evaluation(measured.Sum(workers ?? WorkerGroup.Single, isInTurn), Stopwatch.GetElapsedTime(start));
    }
}
