namespace PolaFormer.Detection.Masks;

/// <summary>Sizes that keep an image's proportions (mmcv's rescale_size).</summary>
public static class KeepRatio
{
    /// <summary>The factor that brings the longer side to at most the larger and the shorter one to at most the smaller number.</summary>
    public static double FactorOf(int height, int width, int scale, int otherScale) =>
        Math.Min((double)Math.Max(scale, otherScale) / Math.Max(height, width), (double)Math.Min(scale, otherScale) / Math.Min(height, width));

    /// <summary>Height and width by that factor, rounded half up.</summary>
    public static (int Height, int Width) SizeOf(int height, int width, int scale, int otherScale)
    {
        double factor = FactorOf(height, width, scale, otherScale);
        return ((int)((height * factor) + 0.5), (int)((width * factor) + 0.5));
    }
}
