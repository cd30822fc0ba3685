namespace PolaFormer.Models;

/// <summary>Everything that tells one PVTv2 from another.</summary>
public sealed record PvtV2Config : PyramidConfig
{
    /// <inheritdoc/>
    public override int Side(int stage) => ImageSize / (4 << stage);

    /// <inheritdoc/>
    public override string AttentionOf(int stage) => NamedAttention(stage) ?? "softmax";

    /// <inheritdoc/>
    public override PvtV2 Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireHeads();
    }
}
