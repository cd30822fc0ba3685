using System.Diagnostics;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
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
    private readonly TrainingConfig _config;
    private readonly VisionModel _model;
    private readonly TrainingData _data;
    private readonly ModelDescription _description;
    private readonly string _folder;
    private readonly Optimizer _optimizer;
    private readonly CosineSchedule _schedule;
    private readonly int _stepsPerEpoch;
    private TrainingPosition _position;

    /// <summary>Builds the network with freshly drawn weights, opens the data and makes the folder.</summary>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    public Trainer(TrainingConfig config, string outputFolder)
    {
        RequireSupported(config);
        _config = config;
        _folder = outputFolder;
        var configured = ConfiguredModel.Create(config);
        _model = configured.Model;
        _model.Initialize((ulong)config.Seed);
        _data = TrainingData.Open(config);
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
        _stepsPerEpoch = _data.Train.BatchCount;
        _schedule = ScheduleOf(config, _stepsPerEpoch);
        _optimizer = OptimizerOf(config.Train, _model);
        Directory.CreateDirectory(outputFolder);
        File.WriteAllText(Path.Combine(outputFolder, "config.yaml"), ConfigurationWriter.Write(config));
        _position = new TrainingPosition(config.Train.StartEpoch, 0, _stepsPerEpoch, -1);
    }

    /// <summary>The network.</summary>
    public VisionModel Model => _model;

    /// <summary>The images.</summary>
    public TrainingData Data => _data;

    private int Epochs => _config.Train.Epochs + _config.Train.CooldownEpochs;

    private string ResumePath => Path.Combine(_folder, "resume.safetensors");

    /// <summary>Trains to the end, or until asked to stop: then the step under way is finished and the state saved.</summary>
    /// <param name="observer">Hears of every step and epoch.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <returns>Whether the run reached its end.</returns>
    /// <exception cref="TrainingException">The loss is no number any more.</exception>
    public bool Run(ITrainingObserver? observer = null, CancellationToken stop = default)
    {
        long start = Stopwatch.GetTimestamp();
        string? resumedFrom = Resume();
        IReadOnlyList<ITrainingObserver> files = RunFiles.Observers(_folder, _config.PrintFreq);
        observer = new TrainingObservers(observer is null ? files : [.. files, observer]);
        observer.RunStarted(new RunDescription(
            _description.Model, _model.ParameterCount, _data.Classes, ConfigurationWriter.Write(_config), Epochs, _stepsPerEpoch, _position.Epoch, _position.Step, resumedFrom));
        _model.Train();
        bool isComplete = true;
        while (isComplete && _position.Epoch < Epochs)
            isComplete = RunEpoch(observer, stop);
        if (!isComplete)
            Save();
        observer.RunEnded(new RunEnd(isComplete, _position.BestTop1, Stopwatch.GetElapsedTime(start)));
        return isComplete;
    }

    // The file continued from, or null.
    private string? Resume()
    {
        string path = _config.Model.Resume.Length > 0 ? _config.Model.Resume : ResumePath;
        if (_config.Model.Resume.Length == 0 && !(_config.Train.AutoResume && File.Exists(path)))
            return null;
        _position = TrainingCheckpoint.LoadState(path, _model, _optimizer);
        if (_position.StepsPerEpoch != _stepsPerEpoch)
            throw new TrainingException($"{path}: its epochs have {_position.StepsPerEpoch} steps, this run's {_stepsPerEpoch}. Use the same data and batch size, or another output folder.");
        return path;
    }

    private bool RunEpoch(ITrainingObserver observer, CancellationToken stop)
    {
        int epoch = _position.Epoch, first = _position.Step, batchSize = _config.Data.BatchSize;
        var metrics = new Metrics();
        double rate = 0, imagesPerSecond = 0;
        long start = Stopwatch.GetTimestamp();
        foreach (Batch batch in _data.Train.Epoch(epoch).Skip(first))
        {
            if (stop.IsCancellationRequested)
                return false;
            long step = ((long)epoch * _stepsPerEpoch) + _position.Step;
            rate = _schedule.RateOf(step);
            (double loss, double norm) = RunStep(batch, step, rate, metrics);
            _position = _position with { Step = _position.Step + 1 };

            imagesPerSecond = metrics.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
            long left = ((long)Epochs * _stepsPerEpoch) - step - 1;
            var progress = new TrainingProgress(
                epoch + 1, Epochs, _position.Step, _stepsPerEpoch, step + 1, loss, metrics.Loss, metrics.Top1, rate, norm, imagesPerSecond, TimeSpan.FromSeconds(left * batchSize / imagesPerSecond));
            observer.StepDone(progress);
        }

        Evaluation evaluation = Evaluation.Run(_model, _data.Evaluation);
        bool isBest = evaluation.Top1 > _position.BestTop1;
        _position = new TrainingPosition(epoch + 1, 0, _stepsPerEpoch, Math.Max(evaluation.Top1, _position.BestTop1));
        var result = new EpochResult(
            epoch + 1, (long)(epoch + 1) * _stepsPerEpoch, metrics.Loss, metrics.Top1, rate, imagesPerSecond, evaluation, EmaEvaluation: null, BadImages: 0, isBest);
        if (isBest)
            TrainingCheckpoint.SaveModel(Path.Combine(_folder, "best.safetensors"), _model, Described(evaluation.Top1));
        if ((epoch + 1) % _config.SaveFreq == 0 || epoch + 1 == Epochs)
            Save(evaluation.Top1);
        observer.EpochDone(result);
        return true;
    }

    // One step; returns its loss and the gradients' norm.
    private (double Loss, double GradientNorm) RunStep(Batch batch, long step, double rate, Metrics metrics)
    {
        RandomStep.Current = new RandomStep((ulong)_config.Seed, (ulong)step);
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor images = Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, 3]);
        Tensor targets = SoftTargets.FromLabels(batch.Labels, _model.NumClasses, (float)_config.Model.LabelSmoothing);
        Tensor logits = _model.Forward(images);
        Tensor loss = logits.CrossEntropy(targets).Mean();
        float value = loss.Item();
        if (!float.IsFinite(value))
            throw new TrainingException($"The loss is {value} in epoch {(step / _stepsPerEpoch) + 1}, step {(step % _stepsPerEpoch) + 1}. Lower TRAIN.BASE_LR, or set TRAIN.CLIP_GRAD.");
        metrics.Add(logits.AsSpan<float>(), batch.Labels, value);

        _model.ZeroGrad();
        tape.Backward(loss);
        double norm = _config.Train.ClipGrad is { } max ? GradientNorm.Clip(_model.Parameters(), max) : GradientNorm.Of(_model.Parameters());
        _optimizer.Step(rate);
        return (value, norm);
    }

    private void Save(double? top1 = null)
    {
        TrainingCheckpoint.SaveModel(Path.Combine(_folder, "last.safetensors"), _model, Described(top1));
        TrainingCheckpoint.SaveState(ResumePath, _model, _optimizer, _position);
    }

    private ModelDescription Described(double? top1) => _description with { Top1 = top1, Epoch = _position.Epoch };

    private static Optimizer OptimizerOf(OptimizationConfig train, VisionModel model)
    {
        OptimizerConfig rule = train.Optimizer;
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, train.WeightDecay);
        if (rule.Betas is not [>= 0 and < 1, >= 0 and < 1])
            throw new ConfigurationException("TRAIN.OPTIMIZER.BETAS takes two numbers from 0 to below 1.");
        if (rule.Momentum is not (>= 0 and < 1))
            throw new ConfigurationException("TRAIN.OPTIMIZER.MOMENTUM takes a number from 0 to below 1.");
        return rule.Name.ToLowerInvariant() switch
        {
            "adamw" => new AdamW(groups, rule.Betas[0], rule.Betas[1], rule.Eps),
            "sgd" => new Sgd(groups, rule.Momentum),
            "muon" => new Muon(groups, rule.Momentum, rule.Betas[0], rule.Betas[1], rule.Eps),
            _ => throw new ConfigurationException($"TRAIN.OPTIMIZER.NAME: '{rule.Name}' is unknown; use adamw, sgd or muon."),
        };
    }

    private static CosineSchedule ScheduleOf(TrainingConfig config, int stepsPerEpoch)
    {
        // The authors' rates are for 512 images a step.
        double scale = config.Data.BatchSize / 512.0;
        OptimizationConfig train = config.Train;
        return new CosineSchedule(train.BaseLr * scale, train.WarmupLr * scale, train.MinLr * scale, (long)train.WarmupEpochs * stepsPerEpoch, (long)train.Epochs * stepsPerEpoch);
    }

    private static void RequireSupported(TrainingConfig config)
    {
        void Require(bool isSupported, string message)
        {
            if (!isSupported)
                throw new ConfigurationException(message);
        }

        OptimizationConfig train = config.Train;
        AugmentationConfig augmentation = config.Aug;
        Require(train.LrScheduler.Name == "cosine", $"TRAIN.LR_SCHEDULER.NAME: '{train.LrScheduler.Name}' is not supported; use cosine.");
        Require(config.Data.BatchSize > 0 && config.PrintFreq > 0 && config.SaveFreq > 0, "DATA.BATCH_SIZE, PRINT_FREQ and SAVE_FREQ must be at least 1.");
        Require(!train.UseCheckpoint && !config.Amp && !config.Data.ZipMode, "TRAIN.USE_CHECKPOINT, AMP and DATA.ZIP_MODE are not supported; set them to false.");
        Require(augmentation.Mixup == 0 && augmentation.Cutmix == 0 && augmentation.CutmixMinmax is null, "AUG: mixup and cutmix are not supported; set AUG.MIXUP 0 AUG.CUTMIX 0.");
        Require(augmentation.AutoAugment is null or "none", "AUG.AUTO_AUGMENT is not supported; set it to none.");
        Require(augmentation.Reprob == 0, "AUG.REPROB: random erasing is not supported; set it to 0.");
    }
}
