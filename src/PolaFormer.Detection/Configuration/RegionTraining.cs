using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Configuration;

/// <summary>How regions of a stage are trained.</summary>
public sealed record RegionTraining
{
    /// <summary>What proposals stand for.</summary>
    public required MaxIoUAssigner Assigner { get; init; }

    /// <summary>Which are chosen.</summary>
    public required RandomSampler Sampler { get; init; }

    /// <summary>Side of the masks' targets.</summary>
    public int MaskSize { get; init; } = 28;
}
