using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection.Training;

/// <summary>What a detector is trained on.</summary>
public sealed record DetectionTaskOptions
{
    /// <summary>Name of the network.</summary>
    public required string Name { get; init; }

    /// <summary>The network.</summary>
    public required DetectorConfig Config { get; init; }

    /// <summary>Images to learn from.</summary>
    public required IDetectionDataset Train { get; init; }

    /// <summary>Images to measure on.</summary>
    public required IDetectionDataset Evaluation { get; init; }

    /// <summary>What of the annotations was left out, a line each, to warn of when the run starts.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>What changes training images.</summary>
    public DetectionPipeline Pipeline { get; init; } = DetectionPipeline.Plain;

    /// <summary>Limits of an evaluated image's long and short side in pixels.</summary>
    public (int Long, int Short) Scale { get; init; } = (1333, 800);

    /// <summary>How often an epoch has each image.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>Images of a batch.</summary>
    public int BatchSize { get; init; } = 2;

    /// <summary>Batches that make up a step of training: the parts that a step's images are cut into.</summary>
    public int BatchesPerStep { get; init; } = 1;

    /// <summary>Weights, order and draws follow from it.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checkpoint to start from: of a detector, or of a classifier with the backbone; null for drawn weights.</summary>
    public string? Pretrained { get; init; }
}
