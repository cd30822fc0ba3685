namespace PolaFormer.Detection.Configuration;

/// <summary>A published detector by name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Config">The network, for COCO's 80 classes.</param>
/// <param name="Recipe">How it is trained; null where no complete configuration is published.</param>
public sealed record DetectorEntry(string Name, DetectorConfig Config, DetectionRecipe? Recipe)
{
    /// <summary>Box AP on COCO's val2017 in percent, as published; null where it is not.</summary>
    public double? PaperBoxPrecision { get; init; }

    /// <summary>Mask AP on COCO's val2017 in percent, as published; null where it is not.</summary>
    public double? PaperMaskPrecision { get; init; }
}
