using PolaFormer.NN.Attention;

namespace PolaFormer.Models;

/// <summary>What the configurations of PVT and PVTv2 have in common: stages of ever coarser grids. Lists hold one entry a stage.</summary>
public abstract record PyramidConfig : TransformerConfig
{
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

    /// <summary>Side of the grid of tokens of a stage.</summary>
    public abstract int Side(int stage);

    /// <summary>Registered name of a stage's attention.</summary>
    public abstract string AttentionOf(int stage);

    /// <summary>Side of the patches that are merged to one key and value in a stage.</summary>
    public int ReductionOf(int stage) => (AttentionRegistry.Find(AttentionOf(stage)).Reach == AttentionReach.Reduced ? SrRatios : LaSrRatios)[stage];

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.RequireEach(EmbedDims, stages, 1, ShapeLimits.Channels);
        ShapeLimits.RequireEach(MlpRatios, stages, 1, ShapeLimits.Ratio);
        ShapeLimits.RequireEach(SrRatios, stages, 1, ImageSize);
        ShapeLimits.RequireEach(LaSrRatios, stages, 1, ImageSize);
        RequireAttention(stages);
    }

    /// <summary>Checks that heads divide channels.</summary>
    /// <exception cref="ArgumentException">They do not; the message names the stage.</exception>
    protected void RequireHeads()
    {
        for (int i = 0; i < Depths.Count; i++)
            ShapeLimits.RequireHeads(i, EmbedDims[i], NumHeads[i]);
    }
}
