using PolaFormer.Checkpoints;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation;

/// <summary>Finds the segmentation network that a checkpoint is of, ours or mmsegmentation's, and makes it.</summary>
public static class SegmenterRecognition
{
    private const string Classifier = "decode_head.conv_seg.weight";

    /// <summary>Whether a checkpoint holds a segmentation network.</summary>
    public static bool IsSegmenter(Checkpoint checkpoint) => checkpoint.Find(Classifier) is not null;

    /// <summary>What the checkpoint describes, or the published network whose names and shapes it has.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="name">The published network; null to find it out.</param>
    /// <exception cref="CheckpointException">It is none of them.</exception>
    public static SegmenterDescription Recognize(Checkpoint checkpoint, string? name = null)
    {
        if (name is null && SegmenterDescription.From(checkpoint) is { } described)
            return described;
        if (checkpoint.Find(Classifier) is not { Shape.Rank: 4 } classifier)
            throw new CheckpointException(checkpoint.Name, $"it holds no segmentation network ({Classifier} is missing).");
        int classes = classifier.Shape[0];
        IEnumerable<SegmenterEntry> candidates = name is null ? SegmenterRegistry.All : [SegmenterRegistry.Find(name)];
        foreach (SegmenterEntry entry in candidates)
        {
            SegmenterConfig config = entry.Config.WithClasses(classes);
            if (name is not null || Fits(config, checkpoint))
                return new SegmenterDescription { Name = entry.Name, Config = config, Classes = classes == ClassNames.Ade20K.Names.Count ? ClassNames.Ade20K : ClassNames.Numbered(classes) };
        }

        throw new CheckpointException(checkpoint.Name, $"it fits none of the published segmentation networks ({string.Join(", ", SegmenterRegistry.All.Select(entry => entry.Name))}).");
    }

    /// <summary>Makes the network that a checkpoint is of and loads it; shapes are compared before memory is taken.</summary>
    /// <exception cref="CheckpointException">Names or shapes do not agree, or no such network can be built.</exception>
    public static Segmenter Load(SegmenterDescription description, Checkpoint checkpoint) => ModelLoader.Build(description.Config.Create, checkpoint);

    private static bool Fits(SegmenterConfig config, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        return ModelLoader.Compare(config.Create(), checkpoint).IsExact;
    }
}
