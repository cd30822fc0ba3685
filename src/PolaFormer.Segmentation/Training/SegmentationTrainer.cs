using PolaFormer.Distributed;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Segmentation.Training;

/// <summary>The trainer of a recipe whose MODEL.TYPE is a segmentation network.</summary>
public static class SegmentationTrainer
{
    /// <summary>Whether a recipe is one of these.</summary>
    public static bool IsWanted(TrainingConfig config) => SegmenterRegistry.TryFind(config.Model.Type) is not null;

    /// <summary>Sets the published recipe of a MODEL.TYPE; nothing where it is no segmentation network.</summary>
    public static void Publish(string type, TrainingConfig config) => SegmenterRegistry.TryFind(type)?.Recipe.ApplyTo(config);

    /// <summary>Makes the trainer; the folder is made by <see cref="Trainer.Run"/>.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="outputFolder">Where the run writes.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <param name="workers">Those that train together; this process alone where null.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Files.FileException">The file of the classes cannot be read.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    /// <exception cref="Checkpoints.CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public static Trainer Create(TrainingConfig config, string outputFolder, Device? device = null, WorkerGroup? workers = null)
    {
        RequireSupported(config);
        SegmenterEntry entry = SegmenterRegistry.Find(config.Model.Type);
        SegmentationData data = SegmentationData.Open(config);
        int size = config.Data.ImgSize, width = config.Segmentation.CropWidth > 0 ? config.Segmentation.CropWidth : size;
        var task = new SegmentationTask(
            new SegmentationTaskOptions
            {
                Name = entry.Name,
                Config = NetworkOf(entry, config, data.Classes.Names.Count),
                Classes = data.Classes,
                Train = data.Train,
                Evaluation = data.Evaluation,
                Pipeline = config.Segmentation.Augment
                    ? new TrainingPipeline { Scale = (4 * size, size), CropHeight = size, CropWidth = width }
                    : new TrainingPipeline { Scale = (4 * size, size), CropHeight = size, CropWidth = width, Ratio = (1, 1), MaxClassShare = 1, FlipChance = 0, DistortsColors = false },
                TestPipeline = new TestPipeline { Scale = (4 * size, size) },
                BatchSize = MicroBatches.SizeOf(config),
                BatchesPerStep = MicroBatches.CountOf(config),
                Interval = config.Segmentation.StepsPerEpoch,
                Seed = (ulong)config.Seed,
                Pretrained = config.Model.Pretrained,
            },
            device);
        TrainerOptions published = RecipeOf(entry, config).ToOptions(task);
        return new Trainer(task, ConfiguredTrainer.Options(config, published.Optimizer, published.Schedule, workers), outputFolder);
    }

    // Without weights to start from there are no statistics of batch norms to keep.
    private static SegmenterConfig NetworkOf(SegmenterEntry entry, TrainingConfig config, int classes)
    {
        double[] weights = config.Segmentation.ClassWeights;
        if (weights.Length > 0 && weights.Length != classes)
            throw new ConfigurationException($"SEGMENTATION.CLASS_WEIGHTS has {weights.Length} numbers for {classes} classes. Give one a class, or none.");
        SegmenterConfig network = entry.Config.WithClasses(classes);
        network = network with
        {
            KeepsStatistics = network.KeepsStatistics && config.Model.Pretrained.Length > 0,
            Head = network.Head with { ClassWeight = weights.Length > 0 ? [.. weights.Select(weight => (float)weight)] : null },
        };
        return config.Segmentation.Augment ? network : network.WithoutDropout();
    }

    private static SegmentationRecipe RecipeOf(SegmenterEntry entry, TrainingConfig config)
    {
        int steps = checked(config.Train.Epochs * config.Segmentation.StepsPerEpoch);
        return entry.Recipe with
        {
            Iterations = steps,
            LearningRate = config.Train.BaseLr,
            WeightDecay = config.Train.WeightDecay,
            Power = config.Segmentation.Power,
            WarmupIterations = Math.Min(config.Segmentation.WarmupSteps, steps / 10),
        };
    }

    private static void RequireSupported(TrainingConfig config)
    {
        ConfigurationRules.Check(config);
        if (config.Train.LrScheduler.Name != "poly")
            throw new ConfigurationException($"TRAIN.LR_SCHEDULER.NAME: '{config.Train.LrScheduler.Name}' is not for segmentation networks; use poly.");
        if ((long)config.Train.Epochs * config.Segmentation.StepsPerEpoch > int.MaxValue)
            throw new ConfigurationException($"TRAIN.EPOCHS times SEGMENTATION.STEPS_PER_EPOCH, {config.Train.Epochs} and {config.Segmentation.StepsPerEpoch}, are more than {int.MaxValue} iterations. Give fewer.");
        var published = new TrainingConfig();
        Publish(config.Model.Type, published);
        ConfigurationRules.RequireUsed(
            config, published, "a segmentation network",
            "SEGMENTATION.CLASSES", "SEGMENTATION.COLOR_MASKS", "SEGMENTATION.REDUCE_ZERO_LABEL", "SEGMENTATION.STEPS_PER_EPOCH", "SEGMENTATION.WARMUP_STEPS",
            "SEGMENTATION.POWER", "SEGMENTATION.AUGMENT", "SEGMENTATION.CROP_WIDTH", "SEGMENTATION.CLASS_WEIGHTS");
    }
}
