namespace PolaFormer.Training;

/// <summary>Top-1 and top-5 accuracy, by which classifiers are judged.</summary>
public static class ClassificationMetrics
{
    /// <summary>Share of examples whose label has the largest logit.</summary>
    public static MetricDefinition Top1 { get; } = new("top1", "top-1", HigherIsBetter: true, IsShare: true);

    /// <summary>Share of examples whose label is among the five largest logits.</summary>
    public static MetricDefinition Top5 { get; } = new("top5", "top-5", HigherIsBetter: true, IsShare: true);

    /// <summary>Both.</summary>
    public static IReadOnlyList<MetricDefinition> Definitions { get; } = [Top1, Top5];

    /// <summary>Counts a batch.</summary>
    /// <param name="metrics">Sums with <see cref="Definitions"/>.</param>
    /// <param name="logits">(rows, classes), row-major.</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="meanLoss">Mean loss of the rows.</param>
    public static void Add(Metrics metrics, ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, double meanLoss)
    {
        int classes = labels.Length == 0 ? 0 : logits.Length / labels.Length, top1 = 0, top5 = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            int rank = RankOf(logits.Slice(i * classes, classes), labels[i]);
            top1 += rank < 1 ? 1 : 0;
            top5 += rank < 5 ? 1 : 0;
        }

        metrics.Add(labels.Length, meanLoss, top1, top5);
    }

    // Classes ahead of the label: larger logits, of equal ones those before it. A NaN logit ranks last.
    private static int RankOf(ReadOnlySpan<float> logits, int label)
    {
        float own = logits[label];
        if (float.IsNaN(own))
            return int.MaxValue;
        int rank = 0;
        for (int c = 0; c < logits.Length; c++)
            rank += logits[c] > own || (logits[c] == own && c < label) ? 1 : 0;
        return rank;
    }
}
