using PolaFormer.Segmentation.Training;

namespace PolaFormer.Segmentation.Networks;

/// <summary>A published segmentation network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Config">The network, for ADE20K's 150 classes.</param>
public sealed record SegmenterEntry(string Name, SegmenterConfig Config)
{
    /// <summary>How it is trained.</summary>
    public SegmentationRecipe Recipe { get; init; } = SegmentationRecipe.PlusPlus;

    /// <summary>Mean intersection over union on ADE20K in percent, as published; null where it is not.</summary>
    public double? PaperMeanIoU { get; init; }
}
