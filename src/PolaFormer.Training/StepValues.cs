using PolaFormer.Distributed;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// Losses, metrics and norms of the steps since they were last read. They stay on the device, so that it need not be waited for
/// after every step.
/// </summary>
internal sealed class StepValues
{
    private const int MaxSteps = 100;

    private readonly IReadOnlyList<MetricDefinition> _definitions;
    private readonly Tensor _losses, _sums, _norms;
    private readonly List<int> _counts = [];
    private readonly List<Pending> _steps = [];
    private readonly WorkerGroup _workers;

    /// <summary>Takes the memory.</summary>
    /// <param name="definitions">The metrics.</param>
    /// <param name="device">Where the values are computed.</param>
    /// <param name="batchesPerStep">Batches of a step.</param>
    /// <param name="workers">Those whose batches make up a step together.</param>
    public StepValues(IReadOnlyList<MetricDefinition> definitions, Device device, int batchesPerStep, WorkerGroup workers)
    {
        _definitions = definitions;
        _workers = workers;
        _losses = Tensor.Zeros([MaxSteps * batchesPerStep], device);
        _sums = Tensor.Zeros([MaxSteps * batchesPerStep, definitions.Count], device);
        _norms = Tensor.Empty([MaxSteps], DType.Float64, device);
    }

    /// <summary>Whether the values must be read before another step.</summary>
    public bool IsFull => _steps.Count == MaxSteps;

    /// <summary>Keeps the values of a batch of the step under way.</summary>
    public void Add(in BatchResult batch)
    {
        int row = _counts.Count;
        _losses.Slice(0, row, 1).CopyFrom(batch.Loss.Detach().Reshape(1));
        _sums.Slice(0, row, 1).CopyFrom(batch.Sums.Reshape(1, _definitions.Count));
        _counts.Add(batch.Count);
    }

    /// <summary>Ends the step under way.</summary>
    /// <param name="step">Number in the run.</param>
    /// <param name="learningRate">Learning rate.</param>
    /// <param name="norm">Norm of the gradients, a Float64; null where there is none because a loss was not finite.</param>
    /// <param name="anomaly">The first operator whose values were not finite.</param>
    public void End(long step, double learningRate, Tensor? norm, string? anomaly)
    {
        if (norm is not null)
            _norms.Slice(0, _steps.Count, 1).CopyFrom(norm.Reshape(1));
        _steps.Add(new Pending(step, learningRate, _counts.Count) { HasNorm = norm is not null, Anomaly = anomaly });
    }

    /// <summary>Counts a step that nothing was computed for.</summary>
    public void PassOver(long step, double learningRate) => _steps.Add(new Pending(step, learningRate, _counts.Count) { IsPassedOver = true });

    /// <summary>Marks the last step to be shown to the observers.</summary>
    public void Show() => _steps[^1] = _steps[^1] with { IsShown = true };

    /// <summary>Reads and forgets the values of the steps, in their order; waits until the device has them, and for the other workers.</summary>
    public IReadOnlyList<StepResult> Read()
    {
        if (_steps.Count == 0)
            return [];
        Metrics[] metrics = MetricsOfSteps();
        double[] norms = _norms.Slice(0, 0, _steps.Count).ToArray<double>();
        var results = new StepResult[_steps.Count];
        for (int i = 0; i < results.Length; i++)
        {
            Pending step = _steps[i];
            Metrics sum = metrics[i];
            double norm = step.HasNorm ? norms[i] : step.IsPassedOver ? 0 : double.NaN;
            bool isApplied = double.IsFinite(norm) && double.IsFinite(sum.Loss) && step.Anomaly is null;
            results[i] = new StepResult(step.Step, step.LearningRate, sum, norm, isApplied, step.IsShown, step.Anomaly);
        }

        _counts.Clear();
        _steps.Clear();
        return results;
    }

    private Metrics[] MetricsOfSteps()
    {
        int metrics = _definitions.Count, batch = 0;
        float[] losses = _losses.Slice(0, 0, _counts.Count).ToArray(), sums = _sums.Slice(0, 0, _counts.Count).ToArray();
        var steps = new Metrics[_steps.Count];
        for (int i = 0; i < steps.Length; i++)
        {
            var measured = new MeasuredBatches(_definitions);
            for (; batch < _steps[i].EndOfBatches; batch++)
                measured.Add(_counts[batch], losses[batch], sums.AsSpan(batch * metrics, metrics));
            steps[i] = measured.Sum(_workers, isInTurn: false);
        }

        return steps;
    }

    private readonly record struct Pending(long Step, double LearningRate, int EndOfBatches)
    {
        public bool HasNorm { get; init; }

        public bool IsPassedOver { get; init; }

        public bool IsShown { get; init; }

        public string? Anomaly { get; init; }
    }
}
