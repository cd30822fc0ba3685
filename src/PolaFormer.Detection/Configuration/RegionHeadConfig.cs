namespace PolaFormer.Detection.Configuration;

/// <summary>What stands behind the proposals: one stage, or several that refine the boxes of those before (cascade).</summary>
public sealed record RegionHeadConfig
{
    /// <summary>The box head of each stage.</summary>
    public required IReadOnlyList<BoxHeadConfig> BoxHeads { get; init; }

    /// <summary>Factor of each stage's losses.</summary>
    public required IReadOnlyList<float> StageWeights { get; init; }

    /// <summary>How boxes are read off the maps.</summary>
    public required RegionPooling BoxPooling { get; init; }

    /// <summary>The mask head of each stage; null for no masks.</summary>
    public MaskHeadConfig? MaskHead { get; init; }

    /// <summary>How masks' regions are read off the maps; null for no masks.</summary>
    public RegionPooling? MaskPooling { get; init; }

    /// <summary>How each stage is trained; null where the network is not.</summary>
    public IReadOnlyList<RegionTraining>? Training { get; init; }

    /// <summary>Whether the parts are numbered in the state dict, as those of a cascade.</summary>
    public bool IsCascade { get; init; }

    /// <summary>Scores are to be above this.</summary>
    public float ScoreBound { get; init; } = 0.05f;

    /// <summary>Largest overlap of two boxes of a class that stay.</summary>
    public float OverlapBound { get; init; } = 0.5f;

    /// <summary>Most detections of an image.</summary>
    public int MaxPerImage { get; init; } = 100;

    /// <summary>From which probability on a pixel belongs to a mask.</summary>
    public float MaskBound { get; init; } = 0.5f;
}
