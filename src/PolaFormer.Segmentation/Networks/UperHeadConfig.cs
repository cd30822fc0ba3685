namespace PolaFormer.Segmentation.Networks;

/// <summary>What tells one UperNet head from another.</summary>
public sealed record UperHeadConfig : DecodeHeadConfig
{
    /// <summary>Cells of the pooled grids in either direction.</summary>
    public IReadOnlyList<int> PoolScales { get; init; } = [1, 2, 3, 6];

    /// <inheritdoc/>
    public override UperHead Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(PoolScales.Count is >= 1 and <= 16 && PoolScales.All(scale => scale is >= 1 and <= 256), "PoolScales must be 1 to 16 numbers in [1, 256].");
    }
}
