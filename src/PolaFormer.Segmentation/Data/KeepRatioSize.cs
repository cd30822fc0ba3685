namespace PolaFormer.Segmentation.Data;

/// <summary>Sizes of resized images by mmcv's rules, in double precision.</summary>
public static class KeepRatioSize
{
    /// <summary>
    /// The largest size of the same shape whose long side fits the longer and whose short side the shorter of two limits; sides
    /// are rounded half up.
    /// </summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="scale">Two limits in pixels, in any order.</param>
    public static (int Width, int Height) Of(int width, int height, (int First, int Second) scale)
    {
        double longLimit = Math.Max(scale.First, scale.Second), shortLimit = Math.Min(scale.First, scale.Second);
        double factor = Math.Min(longLimit / Math.Max(width, height), shortLimit / Math.Min(width, height));
        return (Math.Max(1, (int)((width * factor) + 0.5)), Math.Max(1, (int)((height * factor) + 0.5)));
    }

    /// <summary>Limits times a ratio, cut to whole pixels.</summary>
    public static (int First, int Second) Scaled((int First, int Second) scale, double ratio) => ((int)(scale.First * ratio), (int)(scale.Second * ratio));

    /// <summary>The next multiples of a divisor that are not smaller.</summary>
    public static (int Width, int Height) ToMultiple(int width, int height, int divisor) =>
        ((width + divisor - 1) / divisor * divisor, (height + divisor - 1) / divisor * divisor);
}
