using System.Text.Json.Serialization;

namespace PolaFormer.Models;

/// <summary>Everything that tells one PVT from another: the original, Pola-PVT, FLatten-PVT. Lists hold one entry a stage.</summary>
public sealed record PolaPvtConfig : TransformerConfig
{
    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels.</summary>
    public IReadOnlyList<int> EmbedDims { get; init; } = [64, 128, 320, 512];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [1, 2, 5, 8];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public IReadOnlyList<int> MlpRatios { get; init; } = [8, 8, 4, 4];

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 2, 2];

    /// <summary>Spatial reduction of softmax attention.</summary>
    public IReadOnlyList<int> SrRatios { get; init; } = [8, 4, 2, 1];

    /// <summary>Spatial reduction of any other attention.</summary>
    public IReadOnlyList<int> LaSrRatios { get; init; } = [1, 1, 1, 1];

    /// <summary>Attention of each stage where <see cref="VisionModelConfig.Attention"/> names none: L (polarity) or S (softmax).</summary>
    public string AttnType { get; init; } = "LLLL";

    /// <summary>Whether the last stage has a class token, which is then what is classified; else the mean of the tokens is, without a norm.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ClassToken { get; init; }

    /// <summary>Side of the grid of tokens of a stage.</summary>
    public int Side(int stage) => ImageSize / (PatchSize << stage);

    /// <summary>Registered name of a stage's attention.</summary>
    public string AttentionOf(int stage) => NamedAttention(stage) ?? AttnType[stage] switch
    {
        'L' => "polarity",
        'S' => "softmax",
        char other => throw new ArgumentException($"Attention type '{other}' of stage {stage + 1} is neither L (polarity) nor S (softmax)."),
    };

    /// <summary>Side of the patches that are merged to one key and value in a stage.</summary>
    public int ReductionOf(int stage) => (AttentionOf(stage) == "softmax" ? SrRatios : LaSrRatios)[stage];

    /// <inheritdoc/>
    public override PolaPvt Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.RequireEach(EmbedDims, stages, 1, ShapeLimits.Channels);
        ShapeLimits.RequireEach(MlpRatios, stages, 1, ShapeLimits.Ratio);
        ShapeLimits.RequireEach(SrRatios, stages, 1, ImageSize);
        ShapeLimits.RequireEach(LaSrRatios, stages, 1, ImageSize);
        ShapeLimits.Require(AttnType.Length, stages, stages, "The number of letters of AttnType");
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
            ShapeLimits.RequireHeads(i, EmbedDims[i], NumHeads[i], AttentionOf(i) == "polarity" ? 2 : 1);
        if (ClassToken && ReductionOf(stages - 1) > 1)
            throw new ArgumentException("The last stage has a class token, which no reduction of the grid can take along; its reduction must be 1.");
    }
}
