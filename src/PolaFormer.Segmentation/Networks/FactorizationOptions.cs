namespace PolaFormer.Segmentation.Networks;

/// <summary>How a Hamburger factorises its map.</summary>
public sealed record FactorizationOptions
{
    /// <summary>Groups of channels that are factorised by themselves (MD_S).</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Bases R (MD_R).</summary>
    public int Rank { get; init; } = 64;

    /// <summary>Multiplicative updates in training (TRAIN_STEPS).</summary>
    public int TrainingSteps { get; init; } = 6;

    /// <summary>Multiplicative updates in evaluation (EVAL_STEPS).</summary>
    public int EvaluationSteps { get; init; } = 7;

    /// <summary>Whether the bases are vectors of channels; else maps of places (SPATIAL).</summary>
    public bool IsSpatial { get; init; } = true;

    /// <exception cref="ArgumentException">A number is not sane; the message names the entry.</exception>
    internal void Validate()
    {
        if (Groups is < 1 or > 65536 || Rank is < 1 or > 65536 || TrainingSteps is < 0 or > 1000 || EvaluationSteps is < 0 or > 1000)
            throw new ArgumentException($"A factorisation of {Groups} groups, rank {Rank} and {TrainingSteps} and {EvaluationSteps} steps is beyond reason.");
    }
}
