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
    /// <param name="device">Where; the default device where null.</param>
    /// <returns>(rows, classes).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static Tensor FromLabels(ReadOnlySpan<int> labels, int numClasses, float smoothing, Device? device = null) =>
        Choose(labels, numClasses, (smoothing / numClasses) + (1 - smoothing), smoothing / numClasses, device ?? Device.Default);

    /// <summary>
    /// Targets of mixed images: each is its own smoothed target times its share, plus that of the image as far from the end times the rest.
    /// </summary>
    /// <param name="labels">Class of each row.</param>
    /// <param name="numClasses">Classes.</param>
    /// <param name="smoothing">The share spread over all classes, in [0, 1].</param>
    /// <param name="mixtures">How each row was mixed.</param>
    /// <param name="device">Where; the default device where null.</param>
    /// <returns>(rows, classes).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static Tensor Mixed(ReadOnlySpan<int> labels, int numClasses, double smoothing, ReadOnlySpan<Mixture> mixtures, Device? device = null)
    {
        device ??= Device.Default;
        int count = labels.Length;
        int[] partners = labels.ToArray();
        Array.Reverse(partners);
        float[] own = new float[count], other = new float[count];
        for (int i = 0; i < count; i++)
            (own[i], other[i]) = ((float)mixtures[i].Lambda, (float)(1 - mixtures[i].Lambda));
        float off = (float)(smoothing / numClasses), on = (float)(1 - smoothing + (smoothing / numClasses));
        return (Choose(labels, numClasses, on, off, device) * Tensor.From(own, [count, 1], device))
            + (Choose(partners, numClasses, on, off, device) * Tensor.From(other, [count, 1], device));
    }

    // One value at each row's label, another elsewhere.
    private static Tensor Choose(ReadOnlySpan<int> labels, int numClasses, float on, float off, Device device)
    {
        float[] numbers = new float[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)labels[i], (uint)numClasses, nameof(labels));
            numbers[i] = labels[i];
        }

        Tensor isLabel = Tensor.Arange(numClasses, device: device).Compare(Comparison.Equal, Tensor.From(numbers, [labels.Length, 1], device));
        return Tensor.Where(isLabel, Tensor.Full(new Shape(), on, device), Tensor.Full(new Shape(), off, device));
    }
}
