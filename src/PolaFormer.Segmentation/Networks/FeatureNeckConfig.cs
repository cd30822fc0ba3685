namespace PolaFormer.Segmentation.Networks;

/// <summary>What tells one feature pyramid network from another.</summary>
public sealed record FeatureNeckConfig
{
    /// <summary>Channels of the backbone's maps, fine to coarse.</summary>
    public required IReadOnlyList<int> InChannels { get; init; }

    /// <summary>Channels of every output.</summary>
    public int OutChannels { get; init; } = 256;

    /// <summary>Outputs; those beyond the backbone's maps are every second pixel of the one before.</summary>
    public int NumOuts { get; init; } = 4;
}
