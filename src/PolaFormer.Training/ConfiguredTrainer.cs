using System.Diagnostics;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>The trainer that a recipe asks for.</summary>
public static class ConfiguredTrainer
{
    /// <summary>Makes the trainer of a classification task; the folder is made by <see cref="Trainer.Run"/>.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="outputFolder">Where the run writes.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <param name="workers">Those that train together; this process alone where null.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    /// <exception cref="Checkpoints.CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public static Trainer Create(TrainingConfig config, string outputFolder, Device? device = null, WorkerGroup? workers = null)
    {
        ConfigurationRules.Check(config);
        OptimizationConfig train = config.Train;
        int epochs = train.Epochs + train.CooldownEpochs;
        if (train.StartEpoch >= epochs)
            throw new ConfigurationException($"TRAIN.START_EPOCH: {train.StartEpoch} leaves nothing to train; it takes a whole number below TRAIN.EPOCHS, {train.Epochs}.");
        var task = new ClassificationTask(config, device);
        int stepsPerEpoch = task.BatchesPerEpoch / (train.AccumulationSteps * MicroBatches.CountOf(config));
        if (stepsPerEpoch == 0)
            throw new ConfigurationException($"TRAIN.ACCUMULATION_STEPS is {train.AccumulationSteps}, but an epoch has {task.BatchesPerEpoch} batches. Set it to at most that.");
        LearningRateSchedule schedule = ConfiguredOptimization.Schedule(config, stepsPerEpoch);
        TrainerOptions options = Options(config, ConfiguredOptimization.Optimizer(train, task.Network), schedule, workers) with
        {
            Epochs = epochs,
            AlsoWrite = config.SavePth ? (path, model, state, position) => WritePth(path, model, state, position, config, schedule) : null,
        };
        return new Trainer(task, options, outputFolder);
    }

    /// <summary>What a recipe says of training whatever the task.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="optimizer">The update rule.</param>
    /// <param name="schedule">The course of the learning rate.</param>
    /// <param name="workers">Those that train together; this process alone where null.</param>
    public static TrainerOptions Options(TrainingConfig config, Optimizer optimizer, LearningRateSchedule schedule, WorkerGroup? workers = null)
    {
        OptimizationConfig train = config.Train;
        if (train is { SyncBatchNorm: true, DetectAnomaly: true })
            throw new ConfigurationException("TRAIN.SYNC_BATCH_NORM and TRAIN.DETECT_ANOMALY: an operator that is not finite ends its part of a batch, for which the batch norms of the others would wait. Set one of them to false.");
        if (train is { SyncBatchNorm: true, AccumulationSteps: > 1 })
            throw new ConfigurationException($"TRAIN.SYNC_BATCH_NORM takes the parts of TRAIN.MICRO_BATCHES together, and TRAIN.ACCUMULATION_STEPS is {train.AccumulationSteps}. Set it to 1.");
        return new TrainerOptions
        {
            Epochs = train.Epochs,
            Optimizer = optimizer,
            Schedule = schedule,
            Seed = (ulong)config.Seed,
            StartEpoch = train.StartEpoch,
            Patience = train.Patience,
            AccumulationSteps = train.AccumulationSteps,
            MicroBatches = MicroBatches.CountOf(config),
            SynchronizesNorms = train.SyncBatchNorm,
            ReducesInRing = train.Reduce == "ring",
            Workers = workers ?? WorkerGroup.Single,
            ClipGradient = train.ClipGrad ?? 0,
            ClipsByValue = train.ClipMode == "value",
            EmaDecay = train.ModelEma ? train.ModelEmaDecay : null,
            EmaWarmsUp = train.ModelEmaWarmup,
            RepeatsSteps = config.CudaGraphs,
            OnNonFinite = PolicyOf(train.OnNan),
            DetectsAnomalies = train.DetectAnomaly,
            AutoResume = train.AutoResume,
            Resume = config.Model.Resume,
            Pretrained = config.Model.Pretrained,
            SaveEpochs = config.SaveFreq,
            SaveMinutes = config.SaveMinutes,
            PrintEvery = config.PrintFreq,
            Configuration = ConfigurationWriter.Write(config),
        };
    }

    // A best network that had to wait is without moments and average.
    private static void WritePth(string path, Module model, TrainingState state, TrainingPosition position, TrainingConfig config, LearningRateSchedule schedule)
    {
        bool isCurrent = model == state.Model;
        var authors = new AuthorsCheckpoint(config, (VisionModel)model)
        {
            Optimizer = isCurrent ? state.Optimizer as AdamW : null,
            Schedule = isCurrent ? schedule as CosineSchedule : null,
            Average = isCurrent ? state.Ema?.Average : null,
        };
        authors.Write($"{path}.pth", position);
    }

    private static NonFinitePolicy PolicyOf(string name) => name switch
    {
        "stop" => NonFinitePolicy.Stop,
        "skip" => NonFinitePolicy.Skip,
        "rollback" => NonFinitePolicy.Rollback,
        _ => throw new UnreachableException(name),
    };
}
