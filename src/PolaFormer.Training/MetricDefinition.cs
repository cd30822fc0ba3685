namespace PolaFormer.Training;

/// <summary>A number by which a task is judged: a mean over examples, never negative.</summary>
/// <param name="Name">Its key in files, as <c>top1</c>: lower-case letters, digits and underscores.</param>
/// <param name="Label">What people read, as <c>top-1</c>.</param>
/// <param name="HigherIsBetter">Whether a network with a higher value is the better one.</param>
/// <param name="IsShare">Whether it lies in [0, 1] and is shown in percent.</param>
public sealed record MetricDefinition(string Name, string Label, bool HigherIsBetter, bool IsShare = false)
{
    /// <summary>Written in files for a value that was not measured yet.</summary>
    internal const double NotMeasured = -1;

    // Keys of the records that metrics stand in, and of the states.
    private static readonly HashSet<string> s_taken =
        ["loss", "step", "epoch", "lr", "kind", "seconds", "step_loss", "train_loss", "ema_loss", "global_step", "gradient_norm", "images_per_second", "evaluation_images_per_second", "bad_images", "is_best", "is_complete", "workers", "communication_seconds", "waited_seconds", "imbalance", "slowest_worker"];

    /// <summary>Whether the name can be a key of the files.</summary>
    internal bool IsNameValid => Name.Length > 0 && char.IsAsciiLetterLower(Name[0]) && Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
        && !s_taken.Contains(Name) && !Name.StartsWith("train_", StringComparison.Ordinal) && !Name.StartsWith("ema_", StringComparison.Ordinal) && !Name.StartsWith("best_", StringComparison.Ordinal);

    /// <summary>Whether a value is better than the best before it; NaN never is.</summary>
    /// <param name="value">The value.</param>
    /// <param name="best">The best before it; −1 before the first.</param>
    public bool IsBetter(double value, double best) => CanBe(value) && (best == NotMeasured || (HigherIsBetter ? value > best : value < best));

    /// <summary>Refuses metrics that a run cannot have.</summary>
    /// <param name="metrics">Those of a task.</param>
    /// <exception cref="ArgumentException">There is none, a name cannot be a key of the files, or two have one name.</exception>
    internal static void RequireValid(IReadOnlyList<MetricDefinition> metrics)
    {
        if (metrics.Count == 0)
            throw new ArgumentException("The task has no metric; the first one decides which network is the best.", nameof(metrics));
        if (metrics.FirstOrDefault(metric => !metric.IsNameValid) is { } refused)
            throw new ArgumentException($"The metric's name '{refused.Name}' cannot be a key of the files. Use lower-case letters, digits and underscores, and no key that every run has.", nameof(metrics));
        if (metrics.Select(metric => metric.Name).Distinct().Count() < metrics.Count)
            throw new ArgumentException("Two metrics have the same name.", nameof(metrics));
    }

    /// <summary>Whether a mean can have this value.</summary>
    internal bool CanBe(double value) => double.IsFinite(value) && value >= 0 && (!IsShare || value <= 1);
}
