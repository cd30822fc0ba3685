namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>The colour of pixels that a geometric operation has no source for.</summary>
/// <param name="Red">Red.</param>
/// <param name="Green">Green.</param>
/// <param name="Blue">Blue.</param>
public readonly record struct FillColor(byte Red, byte Green, byte Blue)
{
    /// <summary>The mean colour of the training images, which timm fills with: normalised, it is nearly 0.</summary>
    /// <param name="mean">Mean of red, green and blue on the scale 0 … 1.</param>
    public static FillColor FromMean(ReadOnlySpan<float> mean) => new(Level(mean[0]), Level(mean[1]), Level(mean[2]));

    private static byte Level(float mean) => (byte)Math.Clamp(Math.Round(255.0 * mean), 0, 255);
}
