using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;

namespace PolaFormer.Segmentation.Training;

/// <summary>What a segmentation network is trained on, and how its examples are made.</summary>
public sealed record SegmentationTaskOptions
{
    /// <summary>Name of the network, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The network.</summary>
    public required SegmenterConfig Config { get; init; }

    /// <summary>The classes.</summary>
    public required ClassNames Classes { get; init; }

    /// <summary>Images to learn from.</summary>
    public required ISegmentationDataset Train { get; init; }

    /// <summary>Images to be measured on.</summary>
    public required ISegmentationDataset Evaluation { get; init; }

    /// <summary>How training examples are made.</summary>
    public TrainingPipeline Pipeline { get; init; } = new();

    /// <summary>How images are prepared for evaluation, and later for use.</summary>
    public TestPipeline TestPipeline { get; init; } = new();

    /// <summary>Images of a batch.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Batches that make up a step of training: the parts that a step's images are cut into.</summary>
    public int BatchesPerStep { get; init; } = 1;

    /// <summary>Iterations between evaluations: an epoch of the trainer.</summary>
    public int Interval { get; init; } = 8000;

    /// <summary>Initial weights, the order of the images and all draws follow from it.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checkpoint to start from: a segmentation network, or a classifier whose backbone is taken. Null for drawn weights.</summary>
    public string? Pretrained { get; init; }
}
