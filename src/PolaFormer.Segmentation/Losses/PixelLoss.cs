using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Losses;

/// <summary>
/// The loss and accuracy of a head by mmsegmentation 0.13: logits at the size of the labels, cross-entropy of every pixel, 0 where
/// ignored, and the mean over all pixels, those ignored included.
/// </summary>
public static class PixelLoss
{
    /// <summary>The loss, a scalar.</summary>
    /// <param name="logits">(B, h, w, classes), at any resolution.</param>
    /// <param name="labels">The labels of each image, all of one size.</param>
    /// <param name="head">The head's resizing, class weights and factor of the loss.</param>
    /// <param name="averageFactor">What the sum is divided by in place of the number of pixels.</param>
    /// <exception cref="ArgumentException">A label is no class, or the labels are not one map an image.</exception>
    public static Tensor Of(Tensor logits, IReadOnlyList<LabelMap> labels, DecodeHeadConfig head, double? averageFactor = null)
    {
        RequireMaps(logits, labels);
        return Of(logits, PixelTargets.Of(labels, logits.Shape[3], head, logits.Device), head, averageFactor);
    }

    /// <inheritdoc cref="Of(Tensor, IReadOnlyList{LabelMap}, DecodeHeadConfig, double?)"/>
    /// <param name="logits">(B, h, w, classes), at any resolution.</param>
    /// <param name="targets">The labels of each image.</param>
    /// <param name="head">The head's resizing and factor of the loss.</param>
    /// <param name="averageFactor">What the sum is divided by in place of the number of pixels.</param>
    internal static Tensor Of(Tensor logits, PixelTargets targets, DecodeHeadConfig head, double? averageFactor = null)
    {
        Tensor rows = MapResize.To(logits, targets.Height, targets.Width, head.AlignCorners).Reshape(-1, logits.Shape[3]);
        Tensor losses = rows.CrossEntropyOfLabels(targets.Classes) * targets.Weights;
        return averageFactor is { } factor ? losses.Sum() * (float)(head.LossWeight / factor) : losses.Mean() * head.LossWeight;
    }

    /// <summary>Share of all pixels, those ignored included, whose label is among the classes of the largest logits; in percent (acc_seg).</summary>
    /// <param name="logits">(B, h, w, classes), at any resolution.</param>
    /// <param name="labels">The labels of each image, all of one size.</param>
    /// <param name="head">The head's resizing.</param>
    /// <param name="top">How many classes.</param>
    public static double Accuracy(Tensor logits, IReadOnlyList<LabelMap> labels, DecodeHeadConfig head, int top = 1)
    {
        int classes = logits.Shape[3];
        RequireMaps(logits, labels);
        float[] values = MapResize.To(logits.Detach(), labels[0].Height, labels[0].Width, head.AlignCorners).ToArray();
        long right = 0, pixel = 0;
        foreach (LabelMap map in labels)
        {
            foreach (byte label in map.Values)
            {
                ReadOnlySpan<float> row = values.AsSpan(checked((int)(pixel++ * classes)), classes);
                if (label >= classes)
                    continue;
                int larger = 0;
                foreach (float value in row)
                    larger += value > row[label] ? 1 : 0;
                right += larger < top ? 1 : 0;
            }
        }

        return 100.0 * right / pixel;
    }

    private static void RequireMaps(Tensor logits, IReadOnlyList<LabelMap> labels)
    {
        if (labels.Count != logits.Shape[0] || labels.Any(map => map.Width != labels[0].Width || map.Height != labels[0].Height))
            throw new ArgumentException($"{logits.Shape[0]} images take as many maps of labels of one size; got {labels.Count}.", nameof(labels));
    }
}
