using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Data;

/// <summary>Random brightness, contrast, saturation and hue of an image in its place, as mmsegmentation's PhotoMetricDistortion over OpenCV 4.6.</summary>
public static class PhotometricDistortion
{
    private const double BrightnessDelta = 32, Lower = 0.5, Upper = 1.5;
    private const int HueDelta = 18;

    /// <summary>Draws and applies the distortions; each takes place with a chance of one half.</summary>
    public static void Apply(Image image, IRandomSource random)
    {
        if (Coin(random))
            ChangeBrightness(image, random.Uniform(-BrightnessDelta, BrightnessDelta));
        bool contrastFirst = Coin(random);
        if (contrastFirst)
            DrawContrast(image, random);
        if (Coin(random))
            ChangeSaturation(image, random.Uniform(Lower, Upper));
        if (Coin(random))
            ChangeHue(image, random.Integer(-HueDelta, HueDelta - 1));
        if (!contrastFirst)
            DrawContrast(image, random);
    }

    /// <summary>Adds a number to every level.</summary>
    public static void ChangeBrightness(Image image, double delta) => Convert(image.Pixels, 1, (float)delta);

    /// <summary>Multiplies every level by a factor.</summary>
    public static void ChangeContrast(Image image, double factor) => Convert(image.Pixels, (float)factor, 0);

    /// <summary>Multiplies the saturation by a factor.</summary>
    public static void ChangeSaturation(Image image, double factor)
    {
        Span<byte> pixels = image.Pixels;
        HsvColor.FromRgb(pixels);
        for (int i = 1; i < pixels.Length; i += Image.Channels)
            pixels[i] = Converted(pixels[i], (float)factor, 0);
        HsvColor.ToRgb(pixels, image.Width);
    }

    /// <summary>Turns the hue by half degrees.</summary>
    public static void ChangeHue(Image image, int delta)
    {
        Span<byte> pixels = image.Pixels;
        HsvColor.FromRgb(pixels);
        for (int i = 0; i < pixels.Length; i += Image.Channels)
            pixels[i] = (byte)((pixels[i] + delta + 180) % 180);
        HsvColor.ToRgb(pixels, image.Width);
    }

    private static bool Coin(IRandomSource random) => random.Integer(0, 1) == 1;

    private static void DrawContrast(Image image, IRandomSource random)
    {
        if (Coin(random))
            ChangeContrast(image, random.Uniform(Lower, Upper));
    }

    private static void Convert(Span<byte> levels, float factor, float offset)
    {
        Span<byte> table = stackalloc byte[256];
        for (int level = 0; level < table.Length; level++)
            table[level] = Converted((byte)level, factor, offset);
        foreach (ref byte level in levels)
            level = table[level];
    }

    // In float32, cut off.
    private static byte Converted(byte level, float factor, float offset) => (byte)Math.Clamp((level * factor) + offset, 0, 255);
}
