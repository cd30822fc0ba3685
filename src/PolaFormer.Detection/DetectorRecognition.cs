using PolaFormer.Checkpoints;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>Finds the detector that a checkpoint is of, ours or mmdetection's, and makes it.</summary>
public static class DetectorRecognition
{
    private const string Neck = "neck.fpn_convs.0.conv.weight", Single = "bbox_head.retina_cls.weight", Proposer = "rpn_head.rpn_cls.weight";

    /// <summary>Whether a checkpoint holds a detector.</summary>
    public static bool IsDetector(Checkpoint checkpoint) => checkpoint.Find(Neck) is not null && (checkpoint.Find(Single) ?? checkpoint.Find(Proposer)) is not null;

    /// <summary>What the checkpoint describes, or the published network whose names and shapes it has.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="name">The published network; null to find it out.</param>
    /// <exception cref="CheckpointException">It is none of them.</exception>
    public static DetectorDescription Recognize(Checkpoint checkpoint, string? name = null)
    {
        if (name is null && DetectorDescription.From(checkpoint) is { } described)
            return described;
        int classes = ClassesOf(checkpoint);
        foreach (DetectorEntry entry in name is null ? DetectorRegistry.All : [DetectorRegistry.Find(name)])
        {
            DetectorConfig config = entry.Config.WithClasses(classes);
            if (name is not null || Fits(config, checkpoint))
                return new DetectorDescription { Name = entry.Name, Config = config, Categories = CocoCategories.Numbered(classes) };
        }

        throw new CheckpointException(checkpoint.Name, $"it fits none of the published detectors ({string.Join(", ", DetectorRegistry.All.Select(entry => entry.Name))}).");
    }

    /// <summary>Makes the network that a checkpoint is of and loads it; shapes are compared before memory is taken.</summary>
    /// <exception cref="CheckpointException">Names or shapes do not agree, or no such network can be built.</exception>
    public static Detector Load(DetectorDescription description, Checkpoint checkpoint) =>
        ModelLoader.Build(description.Config.Create, checkpoint, MmdetCheckpoint.RequireFit, MmdetCheckpoint.Load);

    private static bool Fits(DetectorConfig config, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        return MmdetCheckpoint.Fits(config.Create(), checkpoint);
    }

    // Of every anchor's or region's logits.
    private static int ClassesOf(Checkpoint checkpoint)
    {
        const int anchors = 9;
        if (checkpoint.Find(Single) is { Shape.Rank: 4 } single)
            return Math.Max(1, single.Shape[0] / anchors);
        CheckpointEntry? scores = checkpoint.Find("roi_head.bbox_head.fc_cls.weight") ?? checkpoint.Find("roi_head.bbox_head.0.fc_cls.weight");
        return scores is { Shape.Rank: 2 } && scores.Shape[0] > 1
            ? scores.Shape[0] - 1
            : throw new CheckpointException(checkpoint.Name, $"it holds no detector (neither {Single} nor roi_head.bbox_head.fc_cls.weight).");
    }
}
