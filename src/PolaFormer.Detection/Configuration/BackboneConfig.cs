using PolaFormer.Models;

namespace PolaFormer.Detection.Configuration;

/// <summary>The backbone of a detector.</summary>
public sealed record BackboneConfig
{
    /// <summary>The network.</summary>
    public required VisionModelConfig Network { get; init; }

    /// <summary>Which maps and what of it is trained.</summary>
    public FeatureExtractorOptions Options { get; init; } = new();

    /// <summary>Makes the backbone.</summary>
    public FeatureExtractor Create() => new(Network.CreateBackbone(), Options);
}
