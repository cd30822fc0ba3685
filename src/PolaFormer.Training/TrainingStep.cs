using System.Diagnostics;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>One update of the weights: forward and backward over one batch or several that accumulate, clipping, optimiser, average.</summary>
/// <remarks>
/// Where the device computes on while the program goes on, losses and norms stay there until <see cref="Read"/>, and a step that is
/// not finite is noticed then: the run stops or goes back to its saved state, which is older. Only skipping such steps, and naming
/// the operator, needs the values before the weights change. Where nothing needs them and the task has inputs, the device may repeat
/// the step as a whole (<see cref="RepeatedStep"/>).
/// </remarks>
internal sealed class TrainingStep : IDisposable
{
    private readonly TrainerOptions _options;
    private readonly TrainingState _state;
    private readonly StepValues _values;
    private readonly IReadOnlyList<Parameter> _parameters;

    // Whether a step's values are read before the weights change.
    private readonly bool _isChecked;

    // Running statistics, which a forward pass changes, and their values before it: kept where a step may have to be undone.
    private readonly (Tensor Live, Tensor Before)[] _statistics = [];

    // Losses and metrics of the batches of a step that may be repeated as a whole; null where none is.
    private readonly (Tensor Losses, Tensor Sums)? _results;

    private RepeatedStep? _repeated;
    private Func<IReadOnlyList<Tensor>, BatchResult>? _compute;

    private readonly BatchShare _share;
    private TimeSpan _runTime;

    // Where batches are cut into parts.
    private GradientTree? _tree;

    // Of the trees before.
    private TimeSpan _exchangeBefore, _waitBefore;

    // Where their batch norms take the statistics of all parts.
    private readonly MicroBatchTurns? _turns;

    public TrainingStep(TrainerOptions options, TrainingState state)
    {
        (_options, _state) = (options, state);
        TrainingTask task = state.Task;
        _parameters = [.. state.Model.Parameters()];
        _values = new StepValues(task.Metrics, task.Device, options.BatchesPerStep, options.Workers);
        _share = BatchShare.Of(options.Workers, options.BatchesPerStep);
        _turns = options is { MicroBatches: > 1, SynchronizesNorms: true } ? new MicroBatchTurns(options.Workers, _share, _parameters, task.Device) : null;
        _isChecked = options.OnNonFinite == NonFinitePolicy.Skip || options.DetectsAnomalies || !task.Device.IsAsynchronous;
        if (options.MicroBatches == 1 && !_isChecked && options.RepeatsSteps && task.TrainsFromInputs)
            _results = (Tensor.Empty([options.BatchesPerStep], device: task.Device), Tensor.Empty([options.BatchesPerStep, task.Metrics.Count], device: task.Device));
        if (options.OnNonFinite == NonFinitePolicy.Skip)
            _statistics = [.. state.Model.StateDict().Where(entry => entry.Tensor is not Parameter).Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
    }

    /// <summary>The batches of a step that this worker computes.</summary>
    public BatchShare Share => _share;

    /// <summary>What the steps took on this worker.</summary>
    public WorkTimes Times
    {
        get
        {
            if (_options.MicroBatches == 1)
                return default;
            TimeSpan ofWeights = _options.Optimizer.ExchangeTime, wait = _waitBefore + (_tree?.WaitTime ?? TimeSpan.Zero) + ofWeights;
            return new(_runTime - wait, _exchangeBefore + (_tree?.ExchangeTime ?? TimeSpan.Zero) + ofWeights, wait);
        }
    }

    /// <summary>Whether the steps must be read before another one.</summary>
    public bool MustBeRead => _isChecked || _values.IsFull;

    /// <summary>Why steps are started operator by operator on a device that repeats others as a whole, in one sentence; else null.</summary>
    public string? WhyNotWhole { get; private set; }

    /// <summary>The way that gradients go between <see cref="Connect"/> and <see cref="Leave"/>; null where batches are whole.</summary>
    public GradientRoute? Route { get; private set; }

    /// <summary>Name of the device, and what joins those of several workers.</summary>
    public string DeviceText => Route is { Network: { Length: > 0 } network } ? $"{_state.Task.Device.Name}, {_options.Workers.Size} workers by {network}" : _state.Task.Device.Name;

    /// <summary>Prepares the sums of the parts of batches, and the way between workers. Before the first step, by all workers.</summary>
    /// <exception cref="Distributed.WorkerException">The connection failed.</exception>
    public void Connect()
    {
        if (_options.MicroBatches == 1)
            return;
        Route = GradientRoute.Of(_options.Workers, _state.Task.Device);
        _tree = new GradientTree(_options.Workers, Route.Memory, _share, _state.Model, isOverlapped: !_options.DetectsAnomalies, _options.SynchronizesNorms, _options.ReducesInRing);
    }

    /// <summary>Ends what <see cref="Connect"/> began, when all workers have had each other's messages. After the last step, by all workers.</summary>
    /// <exception cref="Distributed.WorkerException">The connection failed.</exception>
    public void Leave()
    {
        _state.Task.Device.Synchronize();
        _options.Workers.Any(0);
        Dispose();
    }

    /// <summary>Runs the step. Where values are read after every step and are not finite, weights, moments and statistics stay as they were.</summary>
    /// <param name="batches">This worker's batches; those of a step are taken.</param>
    /// <param name="step">Number in the run, from 0: random numbers follow from it.</param>
    /// <param name="learningRate">Learning rate.</param>
    public void Run(IEnumerator<TrainingBatch> batches, long step, double learningRate)
    {
        long start = Stopwatch.GetTimestamp();
        foreach ((Tensor live, Tensor before) in _statistics)
            before.CopyFrom(live);
        using var scope = MemoryScope.Enter();
        string? anomaly = null;
        Tensor? norm = _results is var (losses, sums) ? RunFromInputs(batches, step, learningRate, losses, sums) : RunInTurn(batches, step, learningRate, out anomaly);
        _values.End(step, learningRate, norm, anomaly);
        _runTime += Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Takes the batches of a step and computes nothing.</summary>
    public void PassOver(IEnumerator<TrainingBatch> batches, long step, double learningRate)
    {
        for (int i = 0; i < _share.Count; i++)
            batches.MoveNext();
        _values.PassOver(step, learningRate);
    }

    /// <summary>Marks the last step to be shown to the observers.</summary>
    public void Show() => _values.Show();

    /// <summary>Reads the steps since the last call; waits until the device has computed them.</summary>
    public IReadOnlyList<StepResult> Read() => _values.Read();

    /// <summary>Gives back what repeated steps hold; another step takes it anew.</summary>
    public void Dispose()
    {
        DropRepeated();
        _exchangeBefore += _tree?.ExchangeTime ?? TimeSpan.Zero;
        _waitBefore += _tree?.WaitTime ?? TimeSpan.Zero;
        Route?.Dispose();
        (Route, _tree) = (null, null);
    }

    private void DropRepeated()
    {
        _repeated?.Dispose();
        _repeated = null;
    }

    // A step of batches that are computed as they are taken, and the norm of its gradients; null where a loss is looked at and not finite.
    private Tensor? RunInTurn(IEnumerator<TrainingBatch> batches, long step, double learningRate, out string? anomaly)
    {
        Tensor? norm = ComputeInTurn(batches, step, out anomaly);
        if (norm is not null && (!_isChecked || double.IsFinite(GradientClipping.Read(norm))))
        {
            Begin(step, learningRate);
            Update();
        }
        else
        {
            foreach ((Tensor live, Tensor before) in _statistics)
                live.CopyFrom(before);
        }

        return norm;
    }

    private void Begin(long step, double learningRate)
    {
        _state.Optimizer.Begin(learningRate);
        _state.Ema?.Begin(step);
    }

    private void Update()
    {
        _state.Optimizer.Update();
        _state.Ema?.Update();
    }

    private Tensor? ComputeInTurn(IEnumerator<TrainingBatch> batches, long step, out string? anomaly)
    {
        _state.Model.ZeroGrad();
        _tree?.Begin();
        bool isFinite = true;
        string? first = null;
        if (_turns is not null)
            _turns.Run(Compute);
        for (int i = _share.First; i < _share.End && _turns is null; i++)
            Compute(i);

        // The others wait for the sum, finite or not.
        _tree?.End();
        anomaly = first;
        return isFinite ? Clip() : null;

        void Compute(int i)
        {
            if (!batches.MoveNext())
                return;
            RandomStep.Current = new RandomStep(_options.Seed, NumberOf(step, i));
            using IDisposable? observed = _tree?.BeginMicroBatch(i);
            bool isBatchFinite = false;
            try
            {
                isBatchFinite = Accumulate(batches.Current);
            }
            catch (NonFiniteException error)
            {
                first ??= error.Message;
            }

            _tree?.Add(i, isBatchFinite);
            isFinite &= isBatchFinite;
        }
    }

    // Adds a batch's gradients; false where the loss is looked at and not finite.
    private bool Accumulate(in TrainingBatch batch)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        BatchResult result = batch.Run();
        _values.Add(result);
        bool isFinite = !_isChecked || float.IsFinite(result.Loss.Item());

        // Batch norms of the other parts wait for this one's backward pass.
        if (isFinite || _turns is not null)
            Backward(tape, result.Loss);
        return isFinite;
    }

    // The same of batches whose inputs are all made first, so that the device may repeat what is computed from them as a whole.
    private Tensor RunFromInputs(IEnumerator<TrainingBatch> batches, long step, double learningRate, Tensor losses, Tensor sums)
    {
        var inputs = new List<IReadOnlyList<Tensor>>();
        var counts = new List<int>();
        for (int i = 0; i < _share.PerStep && batches.MoveNext(); i++)
        {
            RandomStep.Current = new RandomStep(_options.Seed, NumberOf(step, i));
            inputs.Add(batches.Current.Inputs());
            counts.Add(batches.Current.Count);
            _compute = batches.Current.Compute;
        }

        ulong first = NumberOf(step, 0);
        if (_repeated is not null && !_repeated.Takes(inputs))
        {
            // Only one shape's memory is held: a step of another one may need as much.
            DropRepeated();
            WhyNotWhole = "Batches have different shapes.";
        }

        bool isUpdateRepeated = _state.Optimizer.CanBeRepeated;
        if (!isUpdateRepeated)
            WhyNotWhole ??= $"{_state.Optimizer.GetType().Name} takes the rates of a step as arguments.";
        Begin(step, learningRate);
        _repeated ??= new RepeatedStep(inputs, _state.Task.Device, Step);
        Tensor norm = _repeated.Run(inputs, first);
        if (!isUpdateRepeated)
            Update();
        WhyNotWhole ??= _repeated.WhyNotWhole;
        for (int i = 0; i < counts.Count; i++)
            _values.Add(new BatchResult(counts[i], losses.Slice(0, i, 1), sums.Slice(0, i, 1)));
        return norm;

        Tensor Step(IReadOnlyList<IReadOnlyList<Tensor>> parts, ulong firstBatch)
        {
            _state.Model.ZeroGrad();
            for (int i = 0; i < parts.Count; i++)
            {
                RandomStep.Current = new RandomStep(_options.Seed, firstBatch + (ulong)i);
                using var scope = MemoryScope.Enter();
                using var tape = Tape.Start();
                BatchResult result = _compute!(parts[i]);
                losses.Slice(0, i, 1).CopyFrom(result.Loss.Detach().Reshape(1));
                sums.Slice(0, i, 1).CopyFrom(result.Sums.Reshape(1, -1));
                Backward(tape, result.Loss);
            }

            Tensor norm = Clip();
            if (isUpdateRepeated)
                Update();
            return norm;
        }
    }

    private ulong NumberOf(long step, int batch) => (ulong)((step * _share.PerStep) + batch);

    private void Backward(Tape tape, Tensor loss)
    {
        float share = 1f / _share.PerStep;
        tape.Backward(share == 1 ? loss : loss * share);
    }

    // The norm before clipping.
    private Tensor Clip()
    {
        IReadOnlyList<Tensor> gradients = GradientClipping.GradientsOf(_parameters);
        Tensor norm = MultiTensor.Norm(gradients);
        if (_options.ClipGradient is not (> 0 and var max))
            return norm;
        if (_options.ClipsByValue)
            MultiTensor.ClipByValue(gradients, max);
        else
            MultiTensor.ClipByNorm(gradients, norm, max);
        return norm;
    }
}
