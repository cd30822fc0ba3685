namespace PolaFormer.Models;

/// <summary>Everything that tells one CSWin from another. Lists hold one entry a stage.</summary>
public sealed record CswinConfig : TransformerConfig
{
    /// <summary>Channels of the first stage; each later stage doubles them.</summary>
    public int EmbedDim { get; init; } = 64;

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [1, 2, 21, 1];

    /// <summary>Attention heads of both kinds of stripes together.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [2, 4, 8, 16];

    /// <summary>Width of the stripes of softmax attention in tokens; a stripe as wide as the grid is the grid.</summary>
    public IReadOnlyList<int> SplitSizes { get; init; } = [1, 2, 7, 7];

    /// <summary>Width of the stripes of any other attention.</summary>
    public IReadOnlyList<int> LaSplitSizes { get; init; } = [56, 28, 14, 7];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Side of the grid of tokens of a stage.</summary>
    public int Side(int stage) => ImageSize / (4 << stage);

    /// <summary>Registered name of a stage's attention.</summary>
    public string AttentionOf(int stage) => NamedAttention(stage) ?? "softmax";

    /// <summary>Width of a stage's stripes in tokens: that of the grid in the last stage, and where they would be wider.</summary>
    public int SplitOf(int stage) => stage == Depths.Count - 1 ? Side(stage) : Math.Min(Side(stage), (AttentionOf(stage) == "softmax" ? SplitSizes : LaSplitSizes)[stage]);

    /// <inheritdoc/>
    public override Cswin Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels >> (stages - 1));
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        ShapeLimits.RequireEach(SplitSizes, stages, 1, ShapeLimits.ImageSize);
        ShapeLimits.RequireEach(LaSplitSizes, stages, 1, ShapeLimits.ImageSize);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
        {
            int side = Side(i), split = SplitOf(i);
            if (split < 1 || side % split != 0)
                throw new ArgumentException($"Stage {i + 1}: stripes of {split} tokens do not tile {side}×{side}; choose another image size or split.");
            ShapeLimits.RequireHeads(i, EmbedDim << i, NumHeads[i]);
            if (split < side && NumHeads[i] % 2 != 0)
                throw new ArgumentException($"Stage {i + 1}: {NumHeads[i]} heads do not divide into upright and level stripes.");
        }
    }
}
