using PolaFormer.Tensors;

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

    /// <summary>Those that say something of so many classes: of up to five, every answer is among the first five.</summary>
    public static IReadOnlyList<MetricDefinition> For(int classes) => classes > 5 ? Definitions : [Top1];

    /// <summary>How many rows' labels have the largest logit, and how many one of the five largest; of equal logits the first is ahead, and NaN is no hit.</summary>
    /// <param name="logits">(rows, classes).</param>
    /// <param name="labels">Class of each row.</param>
    /// <returns>(2), in the order of <see cref="Definitions"/>.</returns>
    public static Tensor Sums(Tensor logits, ReadOnlySpan<int> labels) => Sums(logits, ToTensor(labels, logits.Device));

    /// <inheritdoc cref="Sums(Tensor, ReadOnlySpan{int})"/>
    /// <param name="logits">(rows, classes).</param>
    /// <param name="labels">Class of each row, Int64 (rows).</param>
    public static Tensor Sums(Tensor logits, Tensor labels)
    {
        int rows = logits.Shape[0];
        Tensor own = logits.Gather(1, labels.Reshape(rows, 1));
        Tensor isBefore = Tensor.Arange(logits.Shape[1], device: logits.Device).Compare(Comparison.Less, labels.To(DType.Float32).Reshape(rows, 1));
        Tensor ahead = (logits.Compare(Comparison.Greater, own) + (logits.Compare(Comparison.Equal, own) * isBefore)).Sum(1);

        // Nothing is ahead of NaN, which is not equal to itself.
        Tensor isNumber = own.Compare(Comparison.Equal, own).Reshape(rows);
        Tensor top1 = ahead.Compare(Comparison.Less, 1) * isNumber, top5 = ahead.Compare(Comparison.Less, 5) * isNumber;
        return Tensor.Concat(0, top1.Sum().Reshape(1), top5.Sum().Reshape(1));
    }

    /// <summary>Labels as <see cref="Sums(Tensor, Tensor)"/> takes them, Int64 (rows).</summary>
    public static Tensor ToTensor(ReadOnlySpan<int> labels, Device? device = null)
    {
        long[] classes = new long[labels.Length];
        for (int i = 0; i < classes.Length; i++)
            classes[i] = labels[i];
        return Tensor.From(classes, [classes.Length], device);
    }
}
