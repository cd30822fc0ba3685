using System.Text.Json.Serialization;

namespace PolaFormer.Models;

/// <summary>Everything that tells one PVT from another: the original, Pola-PVT, FLatten-PVT.</summary>
public sealed record PolaPvtConfig : PyramidConfig
{
    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Attention of each stage where <see cref="VisionModelConfig.Attention"/> names none: L (polarity) or S (softmax).</summary>
    public string AttnType { get; init; } = "LLLL";

    /// <summary>Whether the last stage has a class token, which is then what is classified; else the mean of the tokens is, without a norm.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ClassToken { get; init; }

    /// <inheritdoc/>
    public override int Side(int stage) => ImageSize / (PatchSize << stage);

    /// <inheritdoc/>
    public override string AttentionOf(int stage) => NamedAttention(stage) ?? AttnType[stage] switch
    {
        'L' => "polarity",
        'S' => "softmax",
        char other => throw new ArgumentException($"Attention type '{other}' of stage {stage + 1} is neither L (polarity) nor S (softmax)."),
    };

    /// <inheritdoc/>
    public override PolaPvt Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(AttnType.Length, Depths.Count, Depths.Count, "The number of letters of AttnType");
        RequireHeads();
        if (ClassToken && ReductionOf(Depths.Count - 1) > 1)
            throw new ArgumentException("The last stage has a class token, which no reduction of the grid can take along; its reduction must be 1.");
    }
}
