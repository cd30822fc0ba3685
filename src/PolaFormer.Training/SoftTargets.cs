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
}
