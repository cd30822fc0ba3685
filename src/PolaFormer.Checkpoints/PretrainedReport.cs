namespace PolaFormer.Checkpoints;

/// <summary>What became of the entries when a model was started from other weights.</summary>
public sealed record PretrainedReport
{
    /// <summary>Copied as they are.</summary>
    public List<string> Loaded { get; } = [];

    /// <summary>Resized to the model's resolution.</summary>
    public List<string> Interpolated { get; } = [];

    /// <summary>Set to 0, because the number of classes differs.</summary>
    public List<string> Reset { get; } = [];

    /// <summary>Of another shape in the source, and left alone for it (<see cref="LenientLoader"/>).</summary>
    public List<string> Mismatched { get; } = [];

    /// <summary>Entries that the source lacks; they keep their values.</summary>
    public List<string> Missing { get; } = [];

    /// <summary>Entries of the source that the model has no place for.</summary>
    public List<string> Unexpected { get; } = [];

    /// <summary>Counters, and constants that the model computes for itself, which only one side has or which are of another type.</summary>
    public List<string> PassedOver { get; } = [];
}
