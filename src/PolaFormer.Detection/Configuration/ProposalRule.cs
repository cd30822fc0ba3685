namespace PolaFormer.Detection.Configuration;

/// <summary>Which boxes of a dense head stay.</summary>
public sealed record ProposalRule
{
    /// <summary>Best boxes of a level that are looked at; 0 for all.</summary>
    public required int BestOfLevel { get; init; }

    /// <summary>Largest overlap of two boxes that stay.</summary>
    public required float OverlapBound { get; init; }

    /// <summary>Most boxes of an image.</summary>
    public required int MaxPerImage { get; init; }

    /// <summary>Proposals with a side that is not above are dropped; negative for none.</summary>
    public float MinSize { get; init; }

    /// <summary>Scores are to be above this; of detections alone.</summary>
    public float ScoreBound { get; init; }
}
