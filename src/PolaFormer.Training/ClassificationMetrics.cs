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

    /// <summary>How many rows' labels have the largest logit, and how many one of the five largest; of equal logits the first is ahead, and NaN is no hit.</summary>
    /// <param name="logits">(rows, classes).</param>
    /// <param name="labels">Class of each row.</param>
    /// <returns>(2), in the order of <see cref="Definitions"/>.</returns>
    public static Tensor Sums(Tensor logits, ReadOnlySpan<int> labels)
    {
        long[] classes = new long[labels.Length];
        float[] numbers = new float[labels.Length];
        for (int i = 0; i < labels.Length; i++)
            numbers[i] = classes[i] = labels[i];
        Device device = logits.Device;
        Tensor own = logits.Gather(1, Tensor.From(classes, [labels.Length, 1], device));
        Tensor isBefore = Tensor.Arange(logits.Shape[1], device: device).Compare(Comparison.Less, Tensor.From(numbers, [labels.Length, 1], device));
        Tensor ahead = (logits.Compare(Comparison.Greater, own) + (logits.Compare(Comparison.Equal, own) * isBefore)).Sum(1);

        // Nothing is ahead of NaN, which is not equal to itself.
        Tensor isNumber = own.Compare(Comparison.Equal, own).Reshape(labels.Length);
        Tensor top1 = ahead.Compare(Comparison.Less, 1) * isNumber, top5 = ahead.Compare(Comparison.Less, 5) * isNumber;
        return Tensor.Concat(0, top1.Sum().Reshape(1), top5.Sum().Reshape(1));
    }
}
