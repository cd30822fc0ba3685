using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Losses;

/// <summary>Labels of pixels as a head's loss takes them.</summary>
/// <param name="Classes">Class of each pixel, 0 where it is ignored: Int64 (pixels).</param>
/// <param name="Weights">Weight of its loss, 0 where it is ignored: (pixels).</param>
/// <param name="Height">Rows of a map.</param>
/// <param name="Width">Columns of a map.</param>
internal sealed record PixelTargets(Tensor Classes, Tensor Weights, int Height, int Width)
{
    /// <summary>The labels of some images.</summary>
    /// <param name="labels">All of one size.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="head">Has weights of classes.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="ArgumentException">A label is no class.</exception>
    public static PixelTargets Of(IReadOnlyList<LabelMap> labels, int classCount, DecodeHeadConfig head, Device device)
    {
        (int height, int width) = (labels[0].Height, labels[0].Width);
        long[] classes = new long[labels.Count * height * width];
        float[] weights = new float[classes.Length];
        int i = 0;
        foreach (LabelMap map in labels)
        {
            foreach (byte label in map.Values)
            {
                if (label != LabelMap.Ignored && label >= classCount)
                    throw new ArgumentException($"A pixel has the label {label}, but there are {classCount} classes; {LabelMap.Ignored} is what counts nowhere.", nameof(labels));
                (classes[i], weights[i]) = label == LabelMap.Ignored ? (0, 0) : (label, head.ClassWeight?[label] ?? 1);
                i++;
            }
        }

        return new PixelTargets(Tensor.From(classes, [classes.Length], device), Tensor.From(weights, [weights.Length], device), height, width);
    }
}
