using System.Diagnostics;
using System.Runtime.ExceptionServices;
using PolaFormer.Checkpoints;
using PolaFormer.Distributed;
using PolaFormer.Files;
using PolaFormer.NN;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training;

/// <summary>
/// Trains the network of a task, and writes to a folder: <c>config.yaml</c>, <c>last.safetensors</c>, <c>best.safetensors</c>,
/// <c>resume.safetensors</c>, and log and reports (<see cref="RunFiles"/>). Everything random follows from seed, epoch and step, so a resumed run
/// equals one that was never stopped, for any number of threads. Where several workers train together, the first writes.
/// </summary>
public sealed class Trainer
{
    private const int MaxPassedOver = 10;

    private readonly TrainerOptions _options;
    private readonly TrainingState _state;
    private readonly SavedStates _states;
    private readonly BestNetwork _best, _bestAverage;
    private readonly TrainingStep _step;
    private readonly string _folder;
    private readonly int _stepsPerEpoch;
    private TrainingObservers _observer = new([]);
    private long _savedAt, _startedAt;
    private TimeSpan _earlier;
    private TrainingSpeed _speed;
    private bool _toldWhyNotWhole;
    private WorkTimes _timesBefore;

    /// <summary>Makes a trainer; the folder is made by <see cref="Run"/>.</summary>
    /// <param name="task">What is trained; its network has the weights to start from.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="outputFolder">Where the run writes, and where a run to be continued lies.</param>
    /// <exception cref="ArgumentException">A metric's name cannot be a key of the files, or an epoch has fewer batches than accumulate.</exception>
    public Trainer(TrainingTask task, TrainerOptions options, string outputFolder)
    {
        MetricDefinition.RequireValid(task.Metrics);
        (Task, _options, _folder) = (task, options, outputFolder);
        _stepsPerEpoch = task.BatchesPerEpoch / options.BatchesPerStep;
        if (_stepsPerEpoch == 0)
            throw new ArgumentException($"An epoch has {task.BatchesPerEpoch} batches, fewer than the {options.BatchesPerStep} of a step. Give more examples, or smaller batches.", nameof(options));
        using IDisposable use = task.Device.Use();
        ModelEma? ema = options.EmaDecay is { } decay ? new ModelEma(task.CreateModel(), task.Model, decay, options.EmaWarmsUp) : null;
        _state = new TrainingState(task, options.Optimizer, ema, new TrainingPosition(options.StartEpoch, 0, _stepsPerEpoch)) { Classes = task.Classes };
        task.Workers = options.Optimizer.Workers = options.Workers;
        _step = new TrainingStep(options, _state);
        _states = new SavedStates(outputFolder);
        _best = new BestNetwork(task, (network, value, epoch) => SaveModel("best", network, value, epoch, alsoElse: true)) { Saved = options.BestToBeat };
        _bestAverage = new BestNetwork(task, (network, value, epoch) => SaveModel("best_ema", network, value, epoch, alsoElse: false));
    }

    // What any worker requests of all before a step.
    [Flags]
    private enum Request
    {
        None = 0,
        Stop = 1,
        Save = 2,
        Show = 4,
    }

    private enum EpochEnd
    {
        Complete,
        Stopped,
        RolledBack,
    }

    /// <summary>What is trained.</summary>
    public TrainingTask Task { get; }

    /// <summary>Told, in a line and from another thread, when this worker has waited long for its next batch; null for nobody.</summary>
    public Action<string>? WaitsLong { get; set; }

    /// <summary>The network.</summary>
    public Module Model => Task.Model;

    /// <summary>Time since the trainer was made in which gradients went between workers, and the part of it that this worker waited for.</summary>
    public (TimeSpan Exchange, TimeSpan Wait) CommunicationTime => (_step.Times.Exchange, _step.Times.Wait);

    private int Epochs => _options.Epochs;

    private WorkerGroup Workers => _options.Workers;

    // Whether the last epoch was done, or as many without a better network as are waited for.
    private bool IsFinished => _state.Position.Epoch >= Epochs || HasStalled;

    private bool HasStalled => _options.Patience > 0 && _state.Position.Step == 0 && _best.Epoch > 0 && _state.Position.Epoch - _best.Epoch >= _options.Patience;

    // Over every start of the run.
    private TimeSpan Elapsed => _earlier + Stopwatch.GetElapsedTime(_startedAt);

    /// <summary>Trains to the end, or until asked to stop: then the step under way is finished and the state saved. A run that has reached its end is left as it is.</summary>
    /// <param name="observer">Receives the events of the run.</param>
    /// <param name="stop">Requests the stop.</param>
    /// <returns>Whether the run reached its end.</returns>
    /// <exception cref="TrainingException">The loss is NaN, the state is of another run, or another process writes to the folder.</exception>
    /// <exception cref="CheckpointException">The state cannot be read.</exception>
    /// <exception cref="Files.FileException">At the end, the state or a network cannot be written.</exception>
    public bool Run(ITrainingObserver? observer = null, CancellationToken stop = default)
    {
        _startedAt = Stopwatch.GetTimestamp();
        using IDisposable device = Task.Device.Use();
        using RunLock? held = Workers.IsFirst ? Lock() : null;
        if (!Workers.IsFirst)
            observer = null;
        var agreement = new WorkerAgreement(Workers);
        agreement.RequireSameRun(Task, _options.Configuration);
        using IDisposable? anomalies = _options.DetectsAnomalies ? AnomalyDetection.Enable() : null;
        _observer = new TrainingObservers(observer is null ? [] : [observer]);
        string? resumedFrom = Resume();
        if (resumedFrom is null)
            RunFiles.RequireOthers(_folder, _options.Pretrained);
        RunHistory history = resumedFrom is null ? RunHistory.None : RunHistory.Read(_folder);
        agreement.RequireSameStart(_state, history, _folder);
        _earlier = history.Elapsed;
        bool wasFinished = IsFinished;
        if (wasFinished && history.CompleteAt == _state.Position.GlobalStep)
        {
            _observer.RunEnded(End(isComplete: true, wasFinished) with { Elapsed = history.Elapsed });
            return true;
        }

        // Only now: whatever is refused leaves the files of the run before as they are.
        if (_options.Configuration.Length > 0 && Workers.IsFirst)
            Try(() => OutputFile.Write(Path.Combine(_folder, "config.yaml"), _options.Configuration));
        IReadOnlyList<ITrainingObserver> files = Workers.IsFirst ? RunFiles.Observers(_folder, _options.PrintEvery) : [];
        _observer = new TrainingObservers(observer is null ? files : [.. files, observer]);
        _step.Connect();
        Announce(resumedFrom);
        if (_step.Route?.WhyNoNetwork is { } reason)
            _observer.Warned(reason);
        StartTraining();
        if (_options.OnNonFinite == NonFinitePolicy.Rollback)
            SaveState();
        _savedAt = Stopwatch.GetTimestamp();
        EpochEnd end = RunEpochs(stop);
        if (end == EpochEnd.Stopped)
            Save();
        Evaluation? test = end == EpochEnd.Stopped || !Task.HasTest ? null : TestChosen(WithinEvaluation(stop));
        bool isComplete = end != EpochEnd.Stopped && (test is not null || !Task.HasTest);
        _observer.RunEnded(End(isComplete, wasFinished) with { Test = test });
        return isComplete;
    }

    /// <summary>
    /// Measures saved weights on the evaluation examples instead of training (EVAL_MODE): those of the folder's run where
    /// TRAIN.AUTO_RESUME finds one, else of MODEL.RESUME, a run's state or a network, else of MODEL.PRETRAINED. Writes nothing.
    /// </summary>
    /// <param name="warn">Told of a damaged file that was passed over.</param>
    /// <param name="stop">Requests the stop.</param>
    /// <returns>The weights' file and what they achieve; null where it was stopped.</returns>
    /// <exception cref="ConfigurationException">No weights are named.</exception>
    /// <exception cref="TrainingException">The weights are of another run.</exception>
    /// <exception cref="CheckpointException">The weights cannot be read, or are of another network.</exception>
    public (string Weights, Evaluation Result)? Evaluate(Action<string> warn, CancellationToken stop = default)
    {
        using IDisposable device = Task.Device.Use();
        var agreement = new WorkerAgreement(Workers);
        agreement.RequireSameRun(Task, _options.Configuration);
        string path = LoadWeights(warn);
        RequireSameClasses(path, _state.Classes);
        agreement.RequireSameWeights(_state);
        stop = WithinEvaluation(stop);
        Evaluation? evaluation = Task.HasTest ? Task.Test(Model, stop) : Task.Evaluate(Model, stop);
        return evaluation is { } result ? (path, result) : null;
    }

    // The weights that were saved as the best ones, or the last ones where none were. Null where it was stopped.
    private Evaluation? TestChosen(CancellationToken stop)
    {
        if (_state.Position.BestEpoch > 0)
        {
            using Checkpoint chosen = Checkpoint.Open(Path.Combine(_folder, "best.safetensors"));
            ModelLoader.LoadStrict(Model, chosen);
        }

        return Task.Test(Model, stop);
    }

    private string LoadWeights(Action<string> warn)
    {
        if (_options.AutoResume && _states.Exist)
            return _states.LoadLast(_state, warn);
        string path = _options.Resume.Length > 0 ? _options.Resume : _options.Pretrained;
        if (path.Length == 0)
            throw new ConfigurationException($"EVAL_MODE: there are no weights to evaluate. Give --resume FILE, or as --output the folder of a run ({_folder} holds none).");
        using Checkpoint checkpoint = Checkpoint.Open(path);
        if (TrainingCheckpoint.IsState(checkpoint))
        {
            TrainingCheckpoint.Load(path, _state);
        }
        else
        {
            ModelLoader.LoadStrict(Model, checkpoint);
            _state.Classes = ModelDescription.From(checkpoint)?.Labels ?? [];
        }

        return path;
    }

    // The file continued from, or null.
    private string? Resume()
    {
        string? path = null;
        if (_options.AutoResume && _states.Exist)
        {
            // As with the authors, so that a command with --resume can be given again.
            if (_options.Resume.Length > 0)
                _observer.Warned($"The run's own state in {_folder} comes before {_options.Resume}; set TRAIN.AUTO_RESUME to false for the latter.");
            path = _states.LoadLast(_state, _observer.Warned);
        }
        else if (_options.Resume.Length > 0)
        {
            TrainingCheckpoint.Load(path = _options.Resume, _state);
        }

        if (path is null)
            return null;
        if (_state.Position.StepsPerEpoch != _stepsPerEpoch)
            throw new TrainingException($"{path}: its epochs have {_state.Position.StepsPerEpoch} steps, this run's {_stepsPerEpoch}. Use the same data and batch size, or another output folder.");
        RequireSameClasses(path, _state.Classes);
        _state.Classes = Task.Classes;
        (_best.Saved, _best.SavedEpoch, _bestAverage.Saved) = (_state.Position.Best, _state.Position.BestEpoch, _state.Position.BestEma);
        return path;
    }

    // States and networks of other makers may name no classes.
    private void RequireSameClasses(string path, IReadOnlyList<string> saved)
    {
        if (saved.Count > 0 && !saved.SequenceEqual(Task.Classes))
            throw new TrainingException($"{path}: {ClassDifference.Describe("the saved weights", saved, "the data", Task.Classes)}. Use the data they were trained on, or another output folder; MODEL.PRETRAINED starts a new run from a network of other classes.");
    }

    private RunLock Lock()
    {
        Directory.CreateDirectory(_folder);
        return RunLock.Take(_folder);
    }

    // The state is on the disk before a worker goes on, which may read it.
    private void SaveState()
    {
        _options.Optimizer.ExchangeState();
        try
        {
            if (Workers.IsFirst)
                _states.Save(_state);
        }
        finally
        {
            Workers.Any(0);
        }
    }

    private void Announce(string? resumedFrom) => _observer.RunStarted(new RunDescription(
        Task.Name, Model.ParameterCount, Task.Classes, Task.Metrics, _options.Configuration, Epochs, _stepsPerEpoch,
        _state.Position.Epoch, _state.Position.Step, resumedFrom, Elapsed)
    { ExamplesName = Task.ExamplesName, Environment = RunEnvironment.Of(_options.Seed, _step.DeviceText) });

    private RunEnd End(bool isComplete, bool wasFinished) =>
        new(isComplete, new MetricValue(Task.Metrics[0], _best.Value), Elapsed, _state.Position.GlobalStep, _state.Position.Epoch, wasFinished)
        {
            BestEpoch = _best.Epoch,
            HasStalled = isComplete && HasStalled,
        };

    private void StartTraining()
    {
        Model.Train();
        FrozenParameters.KeepStatistics(Model);
    }

    private EpochEnd RunEpochs(CancellationToken stop)
    {
        // What repeated steps and messages hold is given back at the end.
        using TrainingStep steps = _step;
        EpochEnd end = EpochEnd.Complete;
        while (end != EpochEnd.Stopped && !IsFinished)
            end = RunEpoch(stop);
        _step.Leave();
        return end;
    }

    private EpochEnd RunEpoch(CancellationToken stop)
    {
        int epoch = Task.Epoch = _state.Position.Epoch;
        _speed = new TrainingSpeed(_state.Metrics.Count);
        _timesBefore = _step.Times;
        using IEnumerator<TrainingBatch> batches = WatchedBatches.Watch(Task.Results(epoch, _step.Share.Numbers(_state.Position.Step, _stepsPerEpoch)), Workers, WaitsLong).GetEnumerator();
        while (_state.Position.Step < _stepsPerEpoch)
        {
            Request request = RequestOfAll(stop);
            if (request.HasFlag(Request.Stop))
                return TakeResults() ? EpochEnd.Stopped : EpochEnd.RolledBack;
            long step = _state.Position.GlobalStep;
            double rate = _options.Schedule.RateOf(step);
            if (_options.Schedule.Beta1Of(step) is { } beta1 && _options.Optimizer is AdamW adamW)
                adamW.Beta1 = beta1;
            if (_state.Position.PassedOver.Contains(step))
                _step.PassOver(batches, step, rate);
            else
                _step.Run(batches, step, rate);
            _state.Position = _state.Position with { Step = _state.Position.Step + 1 };

            foreach (string message in Task.Warnings())
                _observer.Warned(message);
            if (!_toldWhyNotWhole && _step.WhyNotWhole is { } reason)
            {
                _toldWhyNotWhole = true;
                _observer.Warned($"Steps are not always repeated as a whole, which is slower: {reason}");
            }

            bool isShown = request.HasFlag(Request.Show), isSaved = request.HasFlag(Request.Save);
            if (isShown)
                _step.Show();
            if ((isShown || isSaved || _step.MustBeRead) && !TakeResults())
                return EpochEnd.RolledBack;
            if (isSaved)
                Try(() => Save());
        }

        return !TakeResults() ? EpochEnd.RolledBack : EndEpoch(stop) ? EpochEnd.Complete : EpochEnd.Stopped;
    }

    // Several workers stop between steps, where they agree on it.
    private CancellationToken WithinEvaluation(CancellationToken stop) => Workers.Size == 1 ? stop : CancellationToken.None;

    // The same for all, so that all stop, save and read at the same step.
    private Request RequestOfAll(CancellationToken stop)
    {
        Request own = stop.IsCancellationRequested ? Request.Stop : Request.None;
        if (Workers.IsFirst && _options.SaveMinutes > 0 && Stopwatch.GetElapsedTime(_savedAt).TotalMinutes > _options.SaveMinutes)
            own |= Request.Save;
        if (_observer.WantsStep(_state.Position.Step + 1))
            own |= Request.Show;
        return (Request)Workers.Any((int)own);
    }

    // Counts and shows the steps since the last call; whatever saves or evaluates calls it before. False where one of them was not
    // finite and the run went back to its saved state.
    private bool TakeResults()
    {
        foreach (StepResult result in _step.Read())
        {
            if (!result.IsApplied && HandleNonFinite(result) == NonFinitePolicy.Rollback)
                return false;
            if (result.IsApplied)
                _state.Metrics.Add(result.Metrics);
            if (result.IsShown)
                Show(result);
        }

        return true;
    }

    private MetricValue OfTraining(Metrics metrics) => Task.MeasuresTraining ? metrics.First : metrics.First with { Value = double.NaN };

    private void Show(StepResult result)
    {
        int step = (int)(result.Step % _stepsPerEpoch) + 1;
        long done = result.Step + 1, left = ((long)Epochs * _stepsPerEpoch) - done;
        double examplesLeft = (double)left * _state.Metrics.Count / step, examplesPerSecond = _speed.ExamplesPerSecond(_state.Metrics.Count);
        var progress = new TrainingProgress(
            _state.Position.Epoch + 1, Epochs, step, _stepsPerEpoch, done, result.Metrics.Loss, _state.Metrics.Loss, OfTraining(_state.Metrics), result.LearningRate, result.GradientNorm,
            examplesPerSecond, examplesPerSecond > 0 ? TimeSpan.FromSeconds(examplesLeft / examplesPerSecond) : TimeSpan.Zero, Elapsed)
        {
            LossTerms = Task.LossTerms,
        };
        _observer.StepDone(progress);
    }

    // False where it was stopped before the evaluation's end; the resumed run evaluates anew.
    private bool EndEpoch(CancellationToken stop)
    {
        double rate = _options.Schedule.RateOf(Math.Max(_state.Position.GlobalStep - 1, 0)), examplesPerSecond = _speed.ExamplesPerSecond(_state.Metrics.Count);
        SharedWork? shared = Workers.Size > 1 ? SharedWork.Of(Workers, _step.Times - _timesBefore) : null;
        stop = WithinEvaluation(stop);
        if (Task.Evaluate(Model, stop) is not { } evaluation)
            return false;
        Evaluation? emaEvaluation = null;
        if (_state.Ema is { } ema && (emaEvaluation = Task.Evaluate(ema.Average, stop)) is null)
            return false;
        StartTraining();

        TrainingPosition position = _state.Position;
        bool isBest = _best.IsBeatenBy(evaluation), isBestAverage = emaEvaluation is not null && _bestAverage.IsBeatenBy(emaEvaluation);
        Metrics metrics = _state.Metrics;
        _state.Metrics = new Metrics(Task.Metrics);
        position = _state.Position = position with { Epoch = position.Epoch + 1, Step = 0 };
        if (isBestAverage)
            Try(() => _bestAverage.Save(_state.Ema!.Average, emaEvaluation!.First.Value, position.Epoch));
        if (isBest && position.GlobalStep > _options.SaveBestAfter)
            Try(() => _best.Save(Model, evaluation.First.Value, position.Epoch));
        else if (isBest)
            _best.Pass(evaluation.First.Value);

        // The records come before the state: what is recorded and not saved is dropped by the next start, and made anew.
        _observer.EpochDone(new EpochResult(
            position.Epoch, position.GlobalStep, metrics.Loss, OfTraining(metrics), rate, examplesPerSecond, evaluation, emaEvaluation, Task.LeftOut, isBest, Elapsed)
        { Shared = shared });
        if (IsFinished)
            Save(evaluation.First.Value, emaEvaluation?.First.Value);
        else if (position.Epoch % _options.SaveEpochs == 0)
            Try(() => Save(evaluation.First.Value, emaEvaluation?.First.Value));
        return true;
    }

    private NonFinitePolicy HandleNonFinite(StepResult result)
    {
        (long step, double loss) = (result.Step, result.Metrics.Loss);
        string what = result.Anomaly is { } anomaly ? anomaly.TrimEnd('.') : double.IsFinite(loss) ? $"The gradients' norm is {result.GradientNorm}" : $"The loss is {loss}";
        string where = $"in epoch {(step / _stepsPerEpoch) + 1}, step {(step % _stepsPerEpoch) + 1}";
        const string advice = "Lower TRAIN.BASE_LR or set TRAIN.CLIP_GRAD; --detect-anomaly names the operator.";
        switch (_options.OnNonFinite)
        {
            case NonFinitePolicy.Stop:
                throw new TrainingException($"{what} {where}. {advice}");
            case NonFinitePolicy.Skip:
                _observer.Warned($"{what} {where}: the step is skipped.");
                return NonFinitePolicy.Skip;
            default:
                string path = _states.LoadLast(_state, _observer.Warned);
                TrainingPosition position = _state.Position;
                if (position.PassedOver.Count == MaxPassedOver)
                    throw new TrainingException($"{what} {where}, after {MaxPassedOver} batches were passed over. {advice}");
                _observer.Warned($"{what} {where}: back to epoch {position.Epoch + 1}, step {position.Step}; this batch will be passed over.");
                _state.Position = position with { PassedOver = [.. position.PassedOver, step] };
                Save();
                Announce(path);
                return NonFinitePolicy.Rollback;
        }
    }

    // A full disk does not end a run: the state before stays, and the next save may succeed.
    private void Try(Action save)
    {
        try
        {
            save();
        }
        catch (Exception error) when (IsNotWritten(error))
        {
            _savedAt = Stopwatch.GetTimestamp();
            _observer.Warned($"{error.Message} The run goes on; its last state on disk stays.");
        }
    }

    private static bool IsNotWritten(Exception error) => error is CheckpointException or IOException or UnauthorizedAccessException;

    // A file that cannot be written does not keep the others, the state above all, from being written; but a state that says that
    // the run is complete is the last of all, so that such a run can be finished by starting it again.
    private void Save(double? value = null, double? emaValue = null)
    {
        Exception? failure = null;
        int epoch = _state.Position.Epoch;
        Attempt(_best.SaveWaiting);
        Attempt(_bestAverage.SaveWaiting);
        Attempt(() => SaveModel("last", Model, value, epoch, alsoElse: _state.Position.Step == 0));
        if (_state.Ema is { } ema)
            Attempt(() => SaveModel("last_ema", ema.Average, emaValue, epoch, alsoElse: false));
        _state.Position = _state.Position with { Best = _best.Saved, BestEpoch = _best.SavedEpoch, BestEma = _bestAverage.Saved };
        if (failure is null || !IsFinished)
            SaveState();
        _savedAt = Stopwatch.GetTimestamp();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);

        void Attempt(Action save)
        {
            try
            {
                save();
            }
            catch (Exception error) when (IsNotWritten(error))
            {
                failure ??= error;
            }
        }
    }

    // Formats of others hold whole epochs, averages in the same file.
    private void SaveModel(string name, Module model, double? value, int epoch, bool alsoElse)
    {
        if (!Workers.IsFirst)
            return;
        string path = Path.Combine(_folder, name);
        TrainingCheckpoint.SaveModel($"{path}.safetensors", model, Task.Describe(value, epoch));
        if (alsoElse)
            _options.AlsoWrite?.Invoke(path, model, _state, _state.Position with { Epoch = epoch, Step = 0, Best = Math.Max(_best.Value, value ?? MetricDefinition.NotMeasured), BestEma = _bestAverage.Value });
    }
}
