namespace PolaFormer.Vision.Transforms;

/// <summary>timm's interpolation "random".</summary>
internal static class Filters
{
    /// <summary>Bilinear or bicubic.</summary>
    public static ResamplingFilter Draw(IRandomSource random) => random.Integer(0, 1) == 0 ? ResamplingFilter.Bilinear : ResamplingFilter.Bicubic;
}
