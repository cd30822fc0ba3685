namespace PolaFormer.Detection.Configuration;

/// <summary>How regions are read off the levels of a pyramid (mmdetection's SingleRoIExtractor).</summary>
public sealed record RegionPooling
{
    /// <summary>Side of the result.</summary>
    public required int Size { get; init; }

    /// <summary>Sample points of a bin in each direction; 0 for as many as pixels.</summary>
    public int SamplingRatio { get; init; }

    /// <summary>Whether samples lie half a pixel before the region's edges say; else regions have a side of at least one pixel.</summary>
    public bool IsAligned { get; init; } = true;

    /// <summary>Pixels between the places of the levels.</summary>
    public required IReadOnlyList<int> Strides { get; init; }

    /// <summary>Regions of at least twice this side leave the finest level.</summary>
    public int FinestScale { get; init; } = 56;
}
