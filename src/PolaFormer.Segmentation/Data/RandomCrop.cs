using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Data;

/// <summary>
/// A rectangle at a random place, of an image that may be smaller (mmsegmentation's RandomCrop). Where one class fills too much of
/// it, others are tried, ten at most; the last is taken as it is.
/// </summary>
/// <param name="height">Rows of the rectangle.</param>
/// <param name="width">Columns of the rectangle.</param>
/// <param name="maxShare">Largest share of one class among the pixels that count; 1 for any.</param>
public sealed class RandomCrop(int height, int width, double maxShare = 1)
{
    private const int Attempts = 10;

    /// <summary>Draws a rectangle.</summary>
    public PixelRect Draw(LabelMap labels, IRandomSource random)
    {
        PixelRect crop = Next(labels, random);
        for (int attempt = 0; maxShare < 1 && attempt < Attempts; attempt++)
        {
            if (HasVariety(labels, crop))
                return crop;
            crop = Next(labels, random);
        }

        return crop;
    }

    private PixelRect Next(LabelMap labels, IRandomSource random)
    {
        int top = random.Integer(0, Math.Max(labels.Height - height, 0)), left = random.Integer(0, Math.Max(labels.Width - width, 0));
        return new PixelRect(left, top, Math.Min(width, labels.Width - left), Math.Min(height, labels.Height - top));
    }

    private bool HasVariety(LabelMap labels, PixelRect crop)
    {
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        for (int y = crop.Y; y < crop.Y + crop.Height; y++)
        {
            foreach (byte label in labels.Values.AsSpan((y * labels.Width) + crop.X, crop.Width))
                counts[label]++;
        }

        counts[LabelMap.Ignored] = 0;
        (int classes, int most, int total) = (0, 0, 0);
        foreach (int count in counts)
        {
            classes += count > 0 ? 1 : 0;
            most = Math.Max(most, count);
            total += count;
        }

        return classes > 1 && (double)most / total < maxShare;
    }
}
