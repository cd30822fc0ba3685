using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Data;

/// <summary>An image to what a network is asked about, as the authors' pipeline: resized to fit, sides rounded up to a multiple, flipped, normalised.</summary>
public sealed class TestPipeline
{
    /// <summary>Limits of the sides in pixels.</summary>
    public (int Long, int Short) Scale { get; init; } = (2048, 512);

    /// <summary>Sides are multiples of this, by a second resizing; 1 for any.</summary>
    public int SizeDivisor { get; init; } = 32;

    /// <summary>The normalisation.</summary>
    public MeanStdNormalization Normalization { get; init; } = MeanStdNormalization.ImageNet;

    /// <summary>Makes the input of a network.</summary>
    /// <param name="image">The image, which stays as it is.</param>
    /// <param name="ratio">Factor of the limits.</param>
    /// <param name="flip">Whether left and right are exchanged.</param>
    public NetworkInput Apply(Image image, double ratio = 1, bool flip = false)
    {
        (int width, int height) = KeepRatioSize.Of(image.Width, image.Height, ratio == 1 ? Scale : KeepRatioSize.Scaled(Scale, ratio));
        Image resized = BilinearResize.Apply(image, width, height);
        try
        {
            if (KeepRatioSize.ToMultiple(width, height, SizeDivisor) is var multiple && multiple != (width, height))
            {
                using Image first = resized;
                resized = BilinearResize.Apply(first, multiple.Width, multiple.Height);
            }

            if (flip)
            {
                using Image straight = resized;
                resized = HorizontalFlip.Flip(straight);
            }

            float[] values = new float[resized.Pixels.Length];
            Normalization.Apply(resized, values, resized.Width);
            return new NetworkInput(resized.Width, resized.Height, values, flip);
        }
        finally
        {
            resized.Dispose();
        }
    }
}
