using PolaFormer.Vision;

namespace PolaFormer.LongRange.Data;

/// <summary>Pixels of an image as tokens, row by row.</summary>
public static class GreyLevels
{
    /// <summary>
    /// The grey that TensorFlow's rgb_to_grayscale makes of bytes, in float32: ⌊255.5·(0.2989·R/255 + 0.5870·G/255 + 0.1140·B/255)⌋, R/255
    /// being R·(1/255). It differs from Pillow's in a quarter of all colours, by one level.
    /// </summary>
    public static byte Of(byte red, byte green, byte blue)
    {
        const float step = 1f / 255;
        float sum = (red * step * 0.2989f) + (green * step * 0.5870f);
        return (byte)((sum + (blue * step * 0.1140f)) * 255.5f);
    }

    /// <summary>The levels of an image.</summary>
    public static byte[] Of(Image image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        byte[] levels = new byte[image.Width * image.Height];
        for (int i = 0; i < levels.Length; i++)
            levels[i] = Of(pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]);
        return levels;
    }

    /// <summary>The levels of an image that is grey already.</summary>
    public static byte[] Red(Image image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        byte[] levels = new byte[image.Width * image.Height];
        for (int i = 0; i < levels.Length; i++)
            levels[i] = pixels[3 * i];
        return levels;
    }
}
