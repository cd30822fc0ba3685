using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Data;

/// <summary>An image with its classes to a training example, as the authors' pipeline: resized by a random ratio, cropped, flipped, distorted, normalised and padded.</summary>
public sealed class TrainingPipeline
{
    /// <summary>Limits of the sides that a ratio of 1 stands for, in pixels.</summary>
    public (int Long, int Short) Scale { get; init; } = (2048, 512);

    /// <summary>The least and the largest ratio.</summary>
    public (double Least, double Most) Ratio { get; init; } = (0.5, 2);

    /// <summary>Rows of the example.</summary>
    public int CropHeight { get; init; } = 512;

    /// <summary>Columns of the example.</summary>
    public int CropWidth { get; init; } = 512;

    /// <summary>Largest share of one class in a crop.</summary>
    public double MaxClassShare { get; init; } = 0.75;

    /// <summary>Chance that left and right are exchanged.</summary>
    public double FlipChance { get; init; } = 0.5;

    /// <summary>Whether brightness, contrast, saturation and hue are changed at random.</summary>
    public bool DistortsColors { get; init; } = true;

    /// <summary>The normalisation.</summary>
    public MeanStdNormalization Normalization { get; init; } = MeanStdNormalization.ImageNet;

    /// <summary>Makes an example.</summary>
    /// <param name="image">The image, which stays as it is.</param>
    /// <param name="labels">Its classes, of the same size.</param>
    /// <param name="random">The draws.</param>
    /// <param name="destination">CropHeight · CropWidth · 3 values; padding is 0.</param>
    /// <returns>The classes, (CropHeight, CropWidth).</returns>
    public LabelMap Apply(Image image, LabelMap labels, IRandomSource random, Span<float> destination)
    {
        (Image pixels, LabelMap map) = Augmented(image, labels, random);
        using (pixels)
        {
            destination.Clear();
            Normalization.Apply(pixels, destination, CropWidth);
        }

        return map.Padded(CropWidth, CropHeight);
    }

    /// <summary>All before normalisation and padding.</summary>
    internal (Image Pixels, LabelMap Labels) Augmented(Image image, LabelMap labels, IRandomSource random)
    {
        double ratio = (random.Uniform(0, 1) * (Ratio.Most - Ratio.Least)) + Ratio.Least;
        (int width, int height) = KeepRatioSize.Of(image.Width, image.Height, KeepRatioSize.Scaled(Scale, ratio));
        LabelMap map = labels.Resized(width, height);
        PixelRect crop = new RandomCrop(CropHeight, CropWidth, MaxClassShare).Draw(map, random);
        Image pixels;
        using (Image resized = BilinearResize.Apply(image, width, height))
            pixels = resized.Crop(crop);
        map = map.Cropped(crop);
        if (random.Uniform(0, 1) < FlipChance)
        {
            using Image straight = pixels;
            pixels = HorizontalFlip.Flip(straight);
            map = map.Flipped();
        }

        if (DistortsColors)
            PhotometricDistortion.Apply(pixels, random);
        return (pixels, map);
    }
}
