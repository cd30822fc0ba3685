namespace PolaFormer.Segmentation.Networks;

/// <summary>What tells one LightHam head from another.</summary>
public sealed record LightHamHeadConfig : DecodeHeadConfig
{
    /// <summary>Channels of the Hamburger.</summary>
    public int HamChannels { get; init; } = 512;

    /// <summary>Its factorisation.</summary>
    public FactorizationOptions Factorization { get; init; } = new();

    /// <inheritdoc/>
    public override LightHamHead Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(HamChannels is >= 1 and <= 65536, $"HamChannels is {HamChannels}, and must lie in [1, 65536].");
        Factorization.Validate();
    }
}
