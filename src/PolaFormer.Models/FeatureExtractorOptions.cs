namespace PolaFormer.Models;

/// <summary>What dense prediction asks of a backbone.</summary>
public sealed record FeatureExtractorOptions
{
    /// <summary>Numbers of the stages whose maps are used, from 0; null for all (out_indices).</summary>
    public IReadOnlyList<int>? Stages { get; init; }

    /// <summary>How many stages, with the stem, do not train; 0 for the stem alone, −1 for nothing (frozen_stages).</summary>
    public int FrozenStages { get; init; } = -1;

    /// <summary>Whether batch norms normalise by their running statistics in training, too, and leave them as they are; their weights and biases learn (norm_eval).</summary>
    public bool KeepsStatistics { get; init; }
}
