using PolaFormer.Segmentation.Data;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>A photograph with the colours of its classes over it, as mmsegmentation's show_result.</summary>
public static class ClassOverlay
{
    /// <summary>Mixes the colours in: level·(1 − opacity) + colour·opacity in double precision, cut off.</summary>
    /// <param name="image">The photograph.</param>
    /// <param name="map">Its classes; pixels of none stay.</param>
    /// <param name="colors">The colour of each class.</param>
    /// <param name="opacity">Share of the colours, in [0, 1].</param>
    public static Image Of(Image image, LabelMap map, IReadOnlyList<ClassColor> colors, double opacity = 0.5)
    {
        if (map.Width != image.Width || map.Height != image.Height)
            throw new ArgumentException($"The map has {map.Width}×{map.Height} pixels and the image {image.Width}×{image.Height}.", nameof(map));
        var result = new Image(image.Width, image.Height, image.Pixels);
        Span<byte> pixels = result.Pixels;
        for (int i = 0; i < map.Values.Length; i++)
        {
            if (map.Values[i] >= colors.Count)
                continue;
            ClassColor color = colors[map.Values[i]];
            Span<byte> pixel = pixels.Slice(i * Image.Channels, Image.Channels);
            (pixel[0], pixel[1], pixel[2]) = (Mixed(pixel[0], color.Red), Mixed(pixel[1], color.Green), Mixed(pixel[2], color.Blue));
        }

        return result;

        byte Mixed(byte level, byte color) => (byte)((level * (1 - opacity)) + (color * opacity));
    }
}
