using System.Text.Json.Serialization;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>Everything that tells one PVTv2 from another.</summary>
public sealed record PvtV2Config : PyramidConfig
{
    /// <inheritdoc/>
    public override int Side(int stage) => ImageSize / (4 << stage);

    /// <inheritdoc/>
    public override string AttentionOf(int stage) => NamedAttention(stage) ?? "softmax";

    /// <summary>
    /// The authors have not published their PVTv2; the sizes and work in their table 5 are those of all stages linear, without spatial
    /// reduction, with the gate projected, and without an encoding of positions, for which PVTv2 has its convolutions.
    /// </summary>
    [JsonIgnore]
    public override PolarityOptions PublishedPolarity => new() { HasPositions = false };

    /// <inheritdoc/>
    public override PvtV2 Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireHeads();
    }
}
