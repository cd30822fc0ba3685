using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Training.Reporting;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training;

/// <summary>
/// Trains a network by a configuration, and writes to a folder: <c>config.yaml</c>, <c>last.safetensors</c>, <c>best.safetensors</c>,
/// <c>resume.safetensors</c>, and log and reports (<see cref="RunFiles"/>). Everything random follows from seed, epoch and step, so a resumed run
/// equals one that was never stopped, for any number of threads.
/// </summary>
public sealed class Trainer
{
    private const int MaxPassedOver = 10;

    private readonly TrainingConfig _config;
    private readonly NonFinitePolicy _onNonFinite;
    private readonly TrainingState _state;
    private readonly SavedStates _states;
    private readonly BestNetwork _best, _bestAverage;
    private readonly TrainingStep _step;
    private readonly TrainingData _data;
    private readonly ModelDescription _description;
    private readonly string _folder;
    private readonly LearningRateSchedule _schedule;
    private readonly int _stepsPerEpoch;
    // Filled by the loader's threads.
    private readonly ConcurrentQueue<string> _badImages = new();
    private TrainingObservers _observer = new([]);
    private long _savedAt, _startedAt;
    private TimeSpan _earlier;

    /// <summary>Builds the network with freshly drawn or given weights, and opens the data; the folder is made by <see cref="Run"/>.</summary>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    /// <exception cref="CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public Trainer(TrainingConfig config, string outputFolder)
    {
        RequireSupported(config);
        _config = config;
        _onNonFinite = PolicyOf(config.Train.OnNan);
        _folder = outputFolder;
        var configured = ConfiguredModel.Create(config);
        VisionModel model = configured.Model;
        model.UseCheckpoint = config.Train.UseCheckpoint;
        model.Initialize((ulong)config.Seed);
        _data = TrainingData.Open(config, _badImages.Enqueue);
        if (config.Model.Pretrained.Length > 0)
        {
            using Checkpoint checkpoint = Checkpoint.Open(config.Model.Pretrained);
            Pretrained = PretrainedLoader.Load(model, checkpoint);
            if (Pretrained.Loaded.Count == 0)
                throw new CheckpointException(config.Model.Pretrained, $"none of its entries fits {config.Model.Type}. Name a checkpoint of that architecture; 'inspect' tells which one it is.");
        }

        FrozenParameters.Apply(model, config.Train.Freeze);
        _description = new ModelDescription
        {
            Model = configured.Name,
            Config = configured.Config,
            ImageSize = config.Data.ImgSize,
            Labels = _data.Classes,
            Mean = _data.Mean,
            Std = _data.Std,
            CenterCrop = _data.CenterCrop,
        };
        _stepsPerEpoch = _data.Train.BatchCount / config.Train.AccumulationSteps;
        if (_stepsPerEpoch == 0)
            throw new ConfigurationException($"TRAIN.ACCUMULATION_STEPS is {config.Train.AccumulationSteps}, but an epoch has {_data.Train.BatchCount} batches. Set it to at most that.");
        _schedule = ConfiguredOptimization.Schedule(config, _stepsPerEpoch);
        ModelEma? ema = config.Train.ModelEma ? new ModelEma(ConfiguredModel.Create(config).Model, model, config.Train.ModelEmaDecay, config.Train.ModelEmaWarmup) : null;
        _state = new TrainingState(
            model, ConfiguredOptimization.Optimizer(config.Train, model), ema, new TrainingPosition(config.Train.StartEpoch, 0, _stepsPerEpoch));
        _state.Classes = _data.Classes;
        _step = new TrainingStep(config, _state, canUndo: _onNonFinite == NonFinitePolicy.Skip);
        _states = new SavedStates(outputFolder);
        _best = new BestNetwork(() => ConfiguredModel.Create(config).Model, (network, top1, epoch) => SaveModel("best", network, top1, epoch, config.SavePth));
        _bestAverage = new BestNetwork(() => ConfiguredModel.Create(config).Model, (network, top1, epoch) => SaveModel("best_ema", network, top1, epoch, asPth: false));
    }

    private enum EpochEnd
    {
        Complete,
        Stopped,
        RolledBack,
    }

    /// <summary>The network.</summary>
    public VisionModel Model => _state.Model;

    /// <summary>The images.</summary>
    public TrainingData Data => _data;

    /// <summary>What became of the weights of MODEL.PRETRAINED; null without.</summary>
    public PretrainedReport? Pretrained { get; }

    private int Epochs => _config.Train.Epochs + _config.Train.CooldownEpochs;

    // Over every start of the run.
    private TimeSpan Elapsed => _earlier + Stopwatch.GetElapsedTime(_startedAt);

    /// <summary>Trains to the end, or until asked to stop: then the step under way is finished and the state saved. A run that has reached its end is left as it is.</summary>
    /// <param name="observer">Hears of every step and epoch.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <returns>Whether the run reached its end.</returns>
    /// <exception cref="TrainingException">The loss is no number any more, the state is of another run, or another process writes to the folder.</exception>
    /// <exception cref="CheckpointException">The state cannot be read.</exception>
    /// <exception cref="Files.FileException">At the end, the state or a network cannot be written.</exception>
    public bool Run(ITrainingObserver? observer = null, CancellationToken stop = default)
    {
        _startedAt = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(_folder);
        using RunLock held = RunLock.Take(_folder);
        using IDisposable? anomalies = _config.Train.DetectAnomaly ? AnomalyDetection.Enable() : null;
        _observer = new TrainingObservers(observer is null ? [] : [observer]);
        string? resumedFrom = Resume();
        if (resumedFrom is null)
            RequireInputsElsewhere();
        RunHistory history = resumedFrom is null ? RunHistory.None : RunHistory.Read(_folder);
        _earlier = history.Elapsed;
        bool wasFinished = _state.Position.Epoch >= Epochs;
        if (wasFinished && history.CompleteAt == _state.Position.GlobalStep)
        {
            _observer.RunEnded(End(isComplete: true, wasFinished) with { Elapsed = history.Elapsed });
            return true;
        }

        // Only now: whatever is refused leaves the files of the run before as they are.
        Try(() => OutputFile.Write(Path.Combine(_folder, "config.yaml"), ConfigurationWriter.Write(_config)));
        IReadOnlyList<ITrainingObserver> files = RunFiles.Observers(_folder, _config.PrintFreq);
        _observer = new TrainingObservers(observer is null ? files : [.. files, observer]);
        Announce(resumedFrom);
        StartTraining();
        if (_onNonFinite == NonFinitePolicy.Rollback)
            _states.Save(_state);
        _savedAt = Stopwatch.GetTimestamp();
        var end = EpochEnd.Complete;
        while (end != EpochEnd.Stopped && _state.Position.Epoch < Epochs)
            end = RunEpoch(stop);
        if (end == EpochEnd.Stopped)
            Save();
        _observer.RunEnded(End(end != EpochEnd.Stopped, wasFinished));
        return end != EpochEnd.Stopped;
    }

    /// <summary>
    /// Measures saved weights on the evaluation images instead of training (EVAL_MODE): those of the folder's run where
    /// TRAIN.AUTO_RESUME finds one, else of MODEL.RESUME, a run's state or a network, else of MODEL.PRETRAINED. Writes nothing.
    /// </summary>
    /// <param name="warn">Told of a damaged file that was passed over.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <returns>The weights' file and what they achieve; null where it was stopped.</returns>
    /// <exception cref="ConfigurationException">No weights are named.</exception>
    /// <exception cref="TrainingException">The weights are of another run.</exception>
    /// <exception cref="CheckpointException">The weights cannot be read, or are of another network.</exception>
    public (string Weights, Evaluation Result)? Evaluate(Action<string> warn, CancellationToken stop = default)
    {
        string path = LoadWeights(warn);
        RequireSameClasses(path, _state.Classes);
        return Evaluation.Run(Model, _data.Evaluation, stop) is { } result ? (path, result) : null;
    }

    private string LoadWeights(Action<string> warn)
    {
        if (_config.Train.AutoResume && _states.Exist)
            return _states.LoadLast(_state, warn);
        string path = _config.Model.Resume.Length > 0 ? _config.Model.Resume : _config.Model.Pretrained;
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
        if (_config.Train.AutoResume && _states.Exist)
        {
            // As with the authors, so that a command with --resume can be given again.
            if (_config.Model.Resume.Length > 0)
                _observer.Warned($"The run's own state in {_folder} comes before {_config.Model.Resume}; set TRAIN.AUTO_RESUME to false for the latter.");
            path = _states.LoadLast(_state, _observer.Warned);
        }
        else if (_config.Model.Resume.Length > 0)
        {
            TrainingCheckpoint.Load(path = _config.Model.Resume, _state);
        }

        if (path is null)
            return null;
        if (_state.Position.StepsPerEpoch != _stepsPerEpoch)
            throw new TrainingException($"{path}: its epochs have {_state.Position.StepsPerEpoch} steps, this run's {_stepsPerEpoch}. Use the same data and batch size, or another output folder.");
        RequireSameClasses(path, _state.Classes);
        _state.Classes = _data.Classes;
        (_best.Saved, _bestAverage.Saved) = (_state.Position.BestTop1, _state.Position.BestEmaTop1);
        return path;
    }

    // States and networks of other makers may name no classes.
    private void RequireSameClasses(string path, IReadOnlyList<string> saved)
    {
        if (saved.Count > 0 && !saved.SequenceEqual(_data.Classes))
            throw new TrainingException($"{path}: {ClassDifference.Describe("the saved weights", saved, "the data", _data.Classes)}. Use the data they were trained on, or another output folder; MODEL.PRETRAINED starts a new run from a network of other classes.");
    }

    // The networks that a new run writes must not replace the one it starts from.
    private void RequireInputsElsewhere()
    {
        string pretrained = _config.Model.Pretrained;
        string[] written = ["last.safetensors", "last_ema.safetensors", "best.safetensors", "best_ema.safetensors", "last.pth", "best.pth"];
        if (pretrained.Length > 0 && written.Any(name => OutputFile.IsInput(Path.Combine(_folder, name), pretrained)))
            throw new TrainingException($"{pretrained}: the run would write its own networks over it. Choose another output folder.");
    }

    private void Announce(string? resumedFrom) => _observer.RunStarted(new RunDescription(
        _description.Model, Model.ParameterCount, _data.Classes, ConfigurationWriter.Write(_config), Epochs, _stepsPerEpoch,
        _state.Position.Epoch, _state.Position.Step, resumedFrom, Elapsed));

    private RunEnd End(bool isComplete, bool wasFinished) =>
        new(isComplete, _best.Top1, Elapsed, _state.Position.GlobalStep, _state.Position.Epoch, wasFinished);

    private void StartTraining()
    {
        Model.Train();
        FrozenParameters.KeepStatistics(Model);
    }

    private EpochEnd RunEpoch(CancellationToken stop)
    {
        int epoch = _state.Position.Epoch;
        double rate = _schedule.RateOf(_state.Position.GlobalStep), imagesPerSecond = 0;
        long start = Stopwatch.GetTimestamp(), before = _state.Metrics.Count;
        using IEnumerator<Batch> batches = _data.Train.Epoch(epoch, _state.Position.Step * _config.Train.AccumulationSteps).GetEnumerator();
        while (_state.Position.Step < _stepsPerEpoch)
        {
            if (stop.IsCancellationRequested)
                return EpochEnd.Stopped;
            long step = _state.Position.GlobalStep;
            rate = _schedule.RateOf(step);
            StepResult result = default;
            if (_state.Position.PassedOver.Contains(step))
                PassOver(batches);
            else if (!(result = _step.Run(batches, step, rate)).IsApplied && HandleNonFinite(step, result) == NonFinitePolicy.Rollback)
                return EpochEnd.RolledBack;
            _state.Position = _state.Position with { Step = _state.Position.Step + 1 };

            imagesPerSecond = (_state.Metrics.Count - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
            Report(result, rate, imagesPerSecond);
            if (_config.SaveMinutes > 0 && Stopwatch.GetElapsedTime(_savedAt).TotalMinutes > _config.SaveMinutes)
                Try(() => Save());
        }

        return EndEpoch(rate, imagesPerSecond, stop) ? EpochEnd.Complete : EpochEnd.Stopped;
    }

    private void Report(StepResult step, double rate, double imagesPerSecond)
    {
        while (_badImages.TryDequeue(out string? message))
            _observer.Warned(message);
        TrainingPosition position = _state.Position;
        long left = ((long)Epochs * _stepsPerEpoch) - position.GlobalStep;
        double imagesLeft = (double)left * _config.Data.BatchSize * _config.Train.AccumulationSteps;
        var progress = new TrainingProgress(
            position.Epoch + 1, Epochs, position.Step, _stepsPerEpoch, position.GlobalStep, step.Loss, _state.Metrics.Loss, _state.Metrics.Top1, rate, step.GradientNorm,
            imagesPerSecond, imagesPerSecond > 0 ? TimeSpan.FromSeconds(imagesLeft / imagesPerSecond) : TimeSpan.Zero, Elapsed);
        _observer.StepDone(progress);
    }

    // False where it was stopped before the evaluation's end; the resumed run evaluates anew.
    private bool EndEpoch(double rate, double imagesPerSecond, CancellationToken stop)
    {
        if (Evaluation.Run(Model, _data.Evaluation, stop) is not { } evaluation)
            return false;
        Evaluation? emaEvaluation = null;
        if (_state.Ema is { } ema && (emaEvaluation = Evaluation.Run(ema.Average, _data.Evaluation, stop)) is null)
            return false;
        StartTraining();

        TrainingPosition position = _state.Position;
        bool isBest = evaluation.Top1 > _best.Top1, isBestAverage = emaEvaluation?.Top1 > _bestAverage.Top1;
        Metrics metrics = _state.Metrics;
        _state.Metrics = new Metrics();
        position = _state.Position = position with { Epoch = position.Epoch + 1, Step = 0 };
        if (isBestAverage)
            Try(() => _bestAverage.Save(_state.Ema!.Average, emaEvaluation!.Top1, position.Epoch));
        if (isBest)
            Try(() => _best.Save(Model, evaluation.Top1, position.Epoch));

        // The records come before the state: what is recorded and not saved is dropped by the next start, and made anew.
        _observer.EpochDone(new EpochResult(
            position.Epoch, position.GlobalStep, metrics.Loss, metrics.Top1, rate, imagesPerSecond, evaluation, emaEvaluation, _data.Train.BadImages.Count, isBest, Elapsed));
        if (position.Epoch >= Epochs)
            Save(evaluation.Top1, emaEvaluation?.Top1);
        else if (position.Epoch % _config.SaveFreq == 0)
            Try(() => Save(evaluation.Top1, emaEvaluation?.Top1));
        return true;
    }

    private void PassOver(IEnumerator<Batch> batches)
    {
        for (int i = 0; i < _config.Train.AccumulationSteps; i++)
            batches.MoveNext();
    }

    private NonFinitePolicy HandleNonFinite(long step, StepResult result)
    {
        string what = result.Anomaly is { } anomaly ? anomaly.TrimEnd('.') : double.IsFinite(result.Loss) ? $"The gradients' norm is {result.GradientNorm}" : $"The loss is {result.Loss}";
        string where = $"in epoch {(step / _stepsPerEpoch) + 1}, step {(step % _stepsPerEpoch) + 1}";
        const string advice = "Lower TRAIN.BASE_LR or set TRAIN.CLIP_GRAD; --detect-anomaly names the operator.";
        switch (_onNonFinite)
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
    private void Save(double? top1 = null, double? emaTop1 = null)
    {
        Exception? failure = null;
        int epoch = _state.Position.Epoch;
        Attempt(_best.SaveWaiting);
        Attempt(_bestAverage.SaveWaiting);
        Attempt(() => SaveModel("last", Model, top1, epoch, _config.SavePth && _state.Position.Step == 0));
        if (_state.Ema is { } ema)
            Attempt(() => SaveModel("last_ema", ema.Average, emaTop1, epoch, asPth: false));
        _state.Position = _state.Position with { BestTop1 = _best.Saved, BestEmaTop1 = _bestAverage.Saved };
        if (failure is null || epoch < Epochs)
            _states.Save(_state);
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

    // The authors save whole epochs, averages in the same file. A best network that had to wait is without moments and average.
    private void SaveModel(string name, Module model, double? top1, int epoch, bool asPth)
    {
        TrainingCheckpoint.SaveModel(Path.Combine(_folder, $"{name}.safetensors"), model, _description with { Top1 = top1, Epoch = epoch });
        if (!asPth)
            return;
        bool isCurrent = model == Model;
        var authors = new AuthorsCheckpoint(_config, (VisionModel)model)
        {
            Optimizer = isCurrent ? _state.Optimizer as AdamW : null,
            Schedule = isCurrent ? _schedule as CosineSchedule : null,
            Average = isCurrent ? _state.Ema?.Average : null,
        };
        authors.Write(Path.Combine(_folder, $"{name}.pth"), _state.Position with { Epoch = epoch, Step = 0, BestTop1 = Math.Max(_best.Top1, top1 ?? -1), BestEmaTop1 = _bestAverage.Top1 });
    }

    private static NonFinitePolicy PolicyOf(string name) => name switch
    {
        "stop" => NonFinitePolicy.Stop,
        "skip" => NonFinitePolicy.Skip,
        "rollback" => NonFinitePolicy.Rollback,
        _ => throw new UnreachableException(name),
    };

    private static void RequireSupported(TrainingConfig config)
    {
        void Require(bool isSupported, string message)
        {
            if (!isSupported)
                throw new ConfigurationException(message);
        }

        ConfigurationRules.Check(config);
        OptimizationConfig train = config.Train;
        Require(train.StartEpoch < train.Epochs + train.CooldownEpochs, $"TRAIN.START_EPOCH: {train.StartEpoch} leaves nothing to train; it takes a whole number below TRAIN.EPOCHS, {train.Epochs}.");
        Require(!Mixup.IsWanted(config.Aug) || config.Data.BatchSize % 2 == 0, $"DATA.BATCH_SIZE: {config.Data.BatchSize} is odd, and batches are mixed in pairs (AUG.MIXUP, AUG.CUTMIX); it takes an even number then.");
    }
}
