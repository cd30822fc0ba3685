namespace PolaFormer.Checkpoints;

/// <summary>What to take from a checkpoint, and how.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// The state dict to take where a file holds several, such as <c>model</c>, <c>model_ema</c> or <c>state_dict_ema</c>
    /// (the last two stand for each other). Null takes the trained weights: <c>model</c>, <c>state_dict</c>, or the only one there is.
    /// </summary>
    public string? Section { get; init; }

    /// <summary>Whether the prefix <c>module.</c>, left by distributed training, is taken off the names. Default: true.</summary>
    public bool StripModulePrefix { get; init; } = true;

    /// <summary>Whether data in a zip archive is held against its checksum when it is first read. Default: true.</summary>
    public bool VerifyChecksums { get; init; } = true;
}
