using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>Target probabilities for cross-entropy.</summary>
public static class SoftTargets
{
    /// <summary>
    /// One-hot rows of which a share is spread over all classes: cross-entropy against them is timm's
    /// LabelSmoothingCrossEntropy, (1 − s)·(−log p[label]) + s·mean(−log p).
    /// </summary>
    /// <param name="labels">Class of each row.</param>
    /// <param name="numClasses">Classes.</param>
    /// <param name="smoothing">The share s, in [0, 1].</param>
    /// <returns>(rows, classes).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static Tensor FromLabels(ReadOnlySpan<int> labels, int numClasses, float smoothing)
    {
        Tensor targets = Tensor.Empty([labels.Length, numClasses]);
        Span<float> values = targets.AsSpan<float>();
        values.Fill(smoothing / numClasses);
        for (int i = 0; i < labels.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)labels[i], (uint)numClasses, nameof(labels));
            values[(i * numClasses) + labels[i]] += 1 - smoothing;
        }

        return targets;
    }

    /// <summary>
    /// Targets of mixed images: each is its own smoothed target times its share, plus that of the image as far from the end times the rest.
    /// </summary>
    /// <param name="labels">Class of each row.</param>
    /// <param name="numClasses">Classes.</param>
    /// <param name="smoothing">The share spread over all classes, in [0, 1].</param>
    /// <param name="mixtures">How each row was mixed.</param>
    /// <returns>(rows, classes).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static Tensor Mixed(ReadOnlySpan<int> labels, int numClasses, double smoothing, ReadOnlySpan<Mixture> mixtures)
    {
        Tensor targets = Tensor.Empty([labels.Length, numClasses]);
        Span<float> values = targets.AsSpan<float>();
        float off = (float)(smoothing / numClasses), on = (float)(1 - smoothing + (smoothing / numClasses));
        for (int i = 0; i < labels.Length; i++)
        {
            int label = labels[i], partner = labels[^(i + 1)];
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)label, (uint)numClasses, nameof(labels));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)partner, (uint)numClasses, nameof(labels));
            float own = (float)mixtures[i].Lambda, other = (float)(1 - mixtures[i].Lambda);
            Span<float> row = values.Slice(i * numClasses, numClasses);
            row.Fill((off * own) + (off * other));
            row[label] = (on * own) + ((label == partner ? on : off) * other);
            if (label != partner)
                row[partner] = (off * own) + (on * other);
        }

        return targets;
    }
}
