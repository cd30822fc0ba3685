using System.Globalization;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Masks;
using PolaFormer.Vision;

namespace PolaFormer.Detection;

/// <summary>Draws what was found into a copy of the photograph: boxes, masks, names and scores.</summary>
public static class DetectionPicture
{
    // As many colours as a byte tells apart, black left out.
    private const int SideOfScale = 640, MaxColors = 255;

    /// <summary>The picture.</summary>
    /// <param name="photo">The photograph.</param>
    /// <param name="found">What was found in it.</param>
    /// <param name="categories">Names of the classes.</param>
    public static Image Draw(Image photo, ImageDetections found, IReadOnlyList<CocoCategory> categories)
    {
        var picture = new Image(photo.Width, photo.Height, photo.Pixels);
        int scale = Math.Max(1, Math.Max(photo.Width, photo.Height) / SideOfScale);

        // The best on top.
        for (int i = found.Count - 1; i >= 0; i--)
        {
            ClassColor color = ClassColor.Of(found.Labels[i] % MaxColors);
            if (found.Masks is { } masks)
                Tint(picture, masks[i], color);
            Frame(picture, found.Boxes[i], scale + 1, color);
        }

        for (int i = found.Count - 1; i >= 0; i--)
            Label(picture, found.Boxes[i], TextOf(found, i, categories), scale, ClassColor.Of(found.Labels[i] % MaxColors));
        return picture;
    }

    // What is known to be there has no score.
    private static string TextOf(ImageDetections found, int number, IReadOnlyList<CocoCategory> categories)
    {
        string name = categories[found.Labels[number]].Name;
        return float.IsNaN(found.Scores[number]) ? name : string.Create(CultureInfo.InvariantCulture, $"{name} {found.Scores[number]:0.00}");
    }

    private static void Tint(Image picture, RunLengthMask mask, ClassColor color)
    {
        byte[] bitmap = mask.ToBitmap();
        Span<byte> pixels = picture.Pixels;
        for (int i = 0; i < bitmap.Length; i++)
        {
            if (bitmap[i] == 0)
                continue;
            pixels[3 * i] = (byte)((pixels[3 * i] + color.Red) / 2);
            pixels[(3 * i) + 1] = (byte)((pixels[(3 * i) + 1] + color.Green) / 2);
            pixels[(3 * i) + 2] = (byte)((pixels[(3 * i) + 2] + color.Blue) / 2);
        }
    }

    private static void Frame(Image picture, Box box, int width, ClassColor color)
    {
        (int left, int top, int right, int bottom) = Pixels(box);
        Fill(left, top, right - left, width);
        Fill(left, bottom - width, right - left, width);
        Fill(left, top, width, bottom - top);
        Fill(right - width, top, width, bottom - top);

        void Fill(int x, int y, int across, int down) => PixelFont.Fill(picture, x, y, across, down, color.Red, color.Green, color.Blue);
    }

    private static void Label(Image picture, Box box, string text, int scale, ClassColor color)
    {
        (int left, int top, _, _) = Pixels(box);
        int height = (PixelFont.Height + 2) * scale, y = top >= height ? top - height : top;
        PixelFont.Fill(picture, left, y, (text.Length * PixelFont.Advance * scale) + (2 * scale), height, color.Red, color.Green, color.Blue);
        bool isDark = (299 * color.Red) + (587 * color.Green) + (114 * color.Blue) < 128_000;
        PixelFont.Draw(picture, text, left + scale, y + scale, scale, isDark ? (byte)255 : (byte)0);
    }

    private static (int Left, int Top, int Right, int Bottom) Pixels(Box box) =>
        ((int)MathF.Round(box.X1), (int)MathF.Round(box.Y1), (int)MathF.Round(box.X2), (int)MathF.Round(box.Y2));
}
