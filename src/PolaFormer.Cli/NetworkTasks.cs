using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.Detection.Training;
using PolaFormer.Distributed;
using PolaFormer.LongRange;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Training;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Cli;

/// <summary>Tells what the network of a checkpoint or of a recipe does.</summary>
internal static class NetworkTasks
{
    /// <summary>What a checkpoint's does; classification where nothing tells of something else.</summary>
    /// <exception cref="CheckpointException">The file is no checkpoint.</exception>
    public static NetworkTask Of(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return SequenceDescription.IsIn(checkpoint) ? NetworkTask.Sequences
            : SegmenterRecognition.IsSegmenter(checkpoint) ? NetworkTask.Segmentation
            : DetectorRecognition.IsDetector(checkpoint) ? NetworkTask.Detection
            : NetworkTask.Classification;
    }

    /// <summary>What a recipe's does: DATA.DATASET and MODEL.TYPE tell.</summary>
    public static NetworkTask Of(TrainingConfig config) => ArenaTrainer.IsWanted(config) ? NetworkTask.Sequences
        : SegmentationTrainer.IsWanted(config) ? NetworkTask.Segmentation
        : DetectionTrainer.IsWanted(config) ? NetworkTask.Detection
        : NetworkTask.Classification;

    /// <summary>Sets the published recipe of a MODEL.TYPE, where one comes with the network.</summary>
    public static void Publish(string type, TrainingConfig config)
    {
        SegmentationTrainer.Publish(type, config);
        DetectionTrainer.Publish(type, config);
    }

    /// <summary>The trainer of a recipe.</summary>
    public static Trainer TrainerOf(TrainingConfig config, WorkerGroup workers)
    {
        MicroBatches.Settle(config, workers);
        return Of(config) switch
        {
            NetworkTask.Sequences => ArenaTrainer.Create(config, config.Output, workers: workers),
            NetworkTask.Segmentation => SegmentationTrainer.Create(config, config.Output, workers: workers),
            NetworkTask.Detection => DetectionTrainer.Create(config, config.Output, workers: workers),
            _ => ConfiguredTrainer.Create(config, config.Output, workers: workers),
        };
    }

    /// <summary>What is written of a run beside its report.</summary>
    public static IReadOnlyList<ITrainingObserver> PagesOf(TrainingTask task, string folder) => task switch
    {
        SegmentationTask segmentation => [new SegmentationPages(segmentation, folder)],
        DetectionTask detection => [new DetectionPages(detection, folder)],
        ClassificationTask classification => [new ClassificationPages(classification, folder)],
        _ => [],
    };
}
