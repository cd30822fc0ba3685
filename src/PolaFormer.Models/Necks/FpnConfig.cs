namespace PolaFormer.Models.Necks;

/// <summary>What a feature pyramid is made from (mmdetection's FPN).</summary>
public sealed record FpnConfig
{
    /// <summary>Channels of the backbone's maps.</summary>
    public required IReadOnlyList<int> InChannels { get; init; }

    /// <summary>Channels of every output.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Outputs.</summary>
    public required int Outputs { get; init; }

    /// <summary>The first map that is used.</summary>
    public int StartLevel { get; init; }

    /// <summary>The first map that is not used any more; null where the last one is used.</summary>
    public int? EndLevel { get; init; }

    /// <summary>What the levels beyond are made of.</summary>
    public ExtraLevels Extra { get; init; }

    /// <summary>Whether a ReLU stands before the extra convolutions from the second on.</summary>
    public bool ReluBeforeExtra { get; init; }
}
