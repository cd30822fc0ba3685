namespace PolaFormer.Models;

/// <summary>What may differ from an architecture as published.</summary>
public sealed record ModelOptions
{
    /// <summary>Side of the images in pixels.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Width of the logits.</summary>
    public int? NumClasses { get; init; }

    /// <summary>Drop-path probability of the last block, in [0, 1).</summary>
    public float? DropPathRate { get; init; }
}
