using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Distributed;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Detection.Training;

/// <summary>The trainer of a recipe whose MODEL.TYPE is a detector.</summary>
public static class DetectionTrainer
{
    // Shorter side that the published sizes and crops are made for.
    private const int PublishedSide = 800;

    /// <summary>Whether a recipe is one of these.</summary>
    public static bool IsWanted(TrainingConfig config) => DetectorRegistry.TryFind(config.Model.Type) is not null;

    /// <summary>Sets the published recipe of a MODEL.TYPE; nothing where it is no detector.</summary>
    public static void Publish(string type, TrainingConfig config) => (DetectorRegistry.TryFind(type) is { } entry ? RecipeOf(entry) : null)?.ApplyTo(config);

    /// <summary>Makes the trainer; the folder is made by <see cref="Trainer.Run"/>.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="outputFolder">Where the run writes.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <param name="workers">Those that train together; this process alone where null.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Files.FileException">The annotations cannot be read.</exception>
    /// <exception cref="Checkpoints.CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public static Trainer Create(TrainingConfig config, string outputFolder, Device? device = null, WorkerGroup? workers = null)
    {
        RequireSupported(config);
        DetectorEntry entry = DetectorRegistry.Find(config.Model.Type);
        var data = DetectionData.Open(config);
        int side = config.Data.ImgSize;
        var task = new DetectionTask(
            new DetectionTaskOptions
            {
                Name = entry.Name,
                Config = entry.Config.WithClasses(data.Train.Annotations.Categories.Count),
                Train = data.Train,
                Evaluation = data.Evaluation,
                LeftOut = data.LeftOut,
                Pipeline = config.Detection.MultiScale ? DetectionPipeline.MultiScale : PipelineOf(config.Detection, side),
                Scale = (side * 5 / 3, side),
                Repeats = config.Detection.Repeats,
                BatchSize = MicroBatches.SizeOf(config),
                BatchesPerStep = MicroBatches.CountOf(config),
                Seed = (ulong)config.Seed,
                Pretrained = config.Model.Pretrained,
            },
            device);
        task.Network.Backbone.UseCheckpoint = config.Train.UseCheckpoint;
        TrainerOptions published = Fitted(RecipeOf(entry), config, task.StepsPerEpoch).ToOptions(task);
        return new Trainer(task, ConfiguredTrainer.Options(config, published.Optimizer, published.Schedule, workers), outputFolder);
    }

    private static DetectionRecipe RecipeOf(DetectorEntry entry) => entry.Recipe ?? new DetectionRecipe();

    private static DetectionPipeline PipelineOf(DetectionConfig config, int side)
    {
        int[] sides = config.Sizes is { Length: > 0 } sizes ? sizes : [side];
        var resize = new ResizeStep([.. sides.Select(size => (size * 5 / 3, size))]);
        return new DetectionPipeline(config.Flip ? [resize, new FlipStep()] : [resize]);
    }

    // The learning rate falls at the same parts of a shorter or longer run.
    private static DetectionRecipe Fitted(DetectionRecipe published, TrainingConfig config, int steps)
    {
        OptimizationConfig train = config.Train;
        return published with
        {
            Epochs = train.Epochs,
            RateEpochs = [.. published.RateEpochs.Select(epoch => (int)Math.Ceiling((double)epoch * train.Epochs / published.Epochs))],
            BaseRate = train.BaseLr * config.Data.BatchSize / DetectionRecipe.ImagesOfAStep,
            WeightDecay = train.WeightDecay,
            WarmupSteps = (int)Math.Min(config.Detection.WarmupSteps, (long)train.Epochs * steps / 10),
            Momentum = train.Optimizer.Name == "sgd" ? train.Optimizer.Momentum : null,
            FallsSteadily = train.LrScheduler.Name == "linear",
        };
    }

    private static void RequireSupported(TrainingConfig config)
    {
        ConfigurationRules.Check(config);
        if (config.Train.LrScheduler.Name is not ("milestones" or "linear"))
            throw new ConfigurationException($"TRAIN.LR_SCHEDULER.NAME: '{config.Train.LrScheduler.Name}' is not for detectors; use milestones or linear.");
        if (config.Train.Optimizer.Name is not ("adamw" or "sgd"))
            throw new ConfigurationException($"TRAIN.OPTIMIZER.NAME: '{config.Train.Optimizer.Name}' is not for detectors; use adamw or sgd.");
        if (config.Detection.MultiScale && config.Data.ImgSize != PublishedSide)
            throw new ConfigurationException($"DATA.IMG_SIZE: the sizes and crops of DETECTION.MULTI_SCALE are those of {PublishedSide} pixels, not of {config.Data.ImgSize}. Set MULTI_SCALE to false, or IMG_SIZE to {PublishedSide}.");
        var published = new TrainingConfig();
        Publish(config.Model.Type, published);
        ConfigurationRules.RequireUsed(
            config, published, "a detector",
            [
                "DETECTION.MULTI_SCALE", "DETECTION.REPEATS", "DETECTION.WARMUP_STEPS", "TRAIN.USE_CHECKPOINT", "TRAIN.OPTIMIZER.NAME",
                .. config.Detection.MultiScale ? Array.Empty<string>() : ["DETECTION.SIZES", "DETECTION.FLIP"],
                config.Data.Dataset == DetectionData.DrawnShapes ? "DETECTION.SCENES" : "DETECTION.IMAGES",
                .. config.Train.Optimizer.Name == "sgd" ? ["TRAIN.OPTIMIZER.MOMENTUM"] : Array.Empty<string>(),
            ]);
    }
}
