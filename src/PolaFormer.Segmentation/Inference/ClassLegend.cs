using System.Globalization;
using PolaFormer.Segmentation.Data;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>What colours mean, in a strip beside an image.</summary>
public static class ClassLegend
{
    private const int RowsOfEntry = 14, Margin = 4, PixelsOfScale = 480;

    /// <summary>A copy of an image with a strip at its right: a colour, a name and a share each, as many as have room.</summary>
    /// <param name="image">The image.</param>
    /// <param name="areas">The classes, the largest first.</param>
    /// <param name="classes">Their colours.</param>
    public static Image Beside(Image image, IReadOnlyList<ClassArea> areas, ClassNames classes)
    {
        int scale = Math.Max(1, image.Height / PixelsOfScale), entries = Math.Min(areas.Count, Math.Max(1, (image.Height - Margin) / (RowsOfEntry * scale)));
        string[] lines = [.. areas.Take(entries).Select(area => string.Create(CultureInfo.InvariantCulture, $"{area.Label} {area.Share:P1}"))];
        int swatch = 10 * scale, width = (3 * Margin * scale) + swatch + (lines.Max(line => line.Length) * PixelFont.Advance * scale);
        var result = new Image(image.Width + width, image.Height);
        result.Pixels.Fill(255);
        for (int y = 0; y < image.Height; y++)
            image.Row(y).CopyTo(result.Row(y));
        for (int i = 0; i < lines.Length; i++)
        {
            int top = (Margin + (i * RowsOfEntry)) * scale, left = image.Width + (Margin * scale);
            ClassColor color = classes.Colors[areas[i].Index];
            PixelFont.Fill(result, left, top, swatch, swatch, color.Red, color.Green, color.Blue);
            PixelFont.Draw(result, lines[i], left + swatch + (Margin * scale), top + scale, scale, 0);
        }

        return result;
    }
}
