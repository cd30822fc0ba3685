using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.LongRange;
using PolaFormer.Segmentation;

namespace PolaFormer.Cli;

/// <summary>Tells what the network of a checkpoint does.</summary>
internal static class NetworkTasks
{
    /// <summary>What it does; classification where nothing tells of something else.</summary>
    /// <exception cref="CheckpointException">The file is no checkpoint.</exception>
    public static NetworkTask Of(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return SequenceDescription.IsIn(checkpoint) ? NetworkTask.Sequences
            : SegmenterRecognition.IsSegmenter(checkpoint) ? NetworkTask.Segmentation
            : DetectorRecognition.IsDetector(checkpoint) ? NetworkTask.Detection
            : NetworkTask.Classification;
    }
}
