namespace PolaFormer.Segmentation.Networks;

/// <summary>What tells one Semantic FPN head from another.</summary>
public sealed record SemanticFpnHeadConfig : DecodeHeadConfig
{
    /// <summary>Pixels of the image from one place of each map to the next.</summary>
    public IReadOnlyList<int> FeatureStrides { get; init; } = [4, 8, 16, 32];

    /// <inheritdoc/>
    public override SemanticFpnHead Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(FeatureStrides.Count == InChannels.Count && FeatureStrides.All(stride => stride >= FeatureStrides[0] && stride is >= 1 and <= 4096), "FeatureStrides must give a stride of each map, the smallest first.");
    }
}
