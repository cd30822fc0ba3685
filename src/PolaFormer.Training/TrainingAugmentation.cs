using System.Diagnostics;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;
using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Training;

/// <summary>
/// The transform of training images that the authors' data/build.py gets from timm: a random resized crop, a flip, RandAugment or
/// else colour jitter, normalisation, random erasing. Images of at most 32 pixels are shifted by up to four pixels instead of resized,
/// unless AUG.SCALE says which part of them to take.
/// </summary>
public static class TrainingAugmentation
{
    private const int LargestSmallImage = 32;

    /// <summary>Builds the transform.</summary>
    /// <param name="augmentation">AUG.</param>
    /// <param name="data">DATA: size and interpolation.</param>
    /// <param name="mean">Mean of red, green and blue in [0, 1]; geometric operations fill with it.</param>
    /// <param name="std">Their standard deviation.</param>
    /// <exception cref="ConfigurationException">A key has a value that is not supported.</exception>
    public static TrainTransform Create(AugmentationConfig augmentation, DataConfig data, ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        ConfigurationRules.Check(augmentation, "AUG.");
        ConfigurationRules.Check(data, "DATA.");
        ResamplingFilter? filter = FilterOf(data.Interpolation);
        List<IImageStep> steps = [];
        if (augmentation.MirrorBorder > 0)
            steps.Add(new MirrorBorder(augmentation.MirrorBorder));
        steps.Add(CropOf(augmentation, data.ImgSize, filter));
        steps.Add(new HorizontalFlip());
        if (augmentation.AutoAugment is { Length: > 0 } policy && policy != "none")
            steps.Add(new RandAugment(PolicyOf(policy), FillColor.FromMean(mean), filter));
        else if (augmentation.ColorJitter > 0)
            steps.Add(new ColorJitter(augmentation.ColorJitter));
        return new TrainTransform(data.ImgSize, steps, new Normalization(mean, std), ErasingOf(augmentation));
    }

    private static IImageStep CropOf(AugmentationConfig augmentation, int size, ResamplingFilter? filter)
    {
        (double Low, double High)? area = augmentation.Scale switch
        {
            null => null,
            [var low, var high] when low <= high => (low, high),
            _ => throw new ConfigurationException($"AUG.SCALE: {ConfigurationValue.Show(augmentation.Scale)} falls; it takes the smallest and the largest part of the area, such as [0.08, 1]."),
        };
        return area is null && size <= LargestSmallImage ? new PadCrop(size) : new RandomResizedCrop(size, filter, area);
    }

    /// <summary>The filter of DATA.INTERPOLATION; null for <c>random</c>.</summary>
    private static ResamplingFilter? FilterOf(string interpolation) => interpolation switch
    {
        "bicubic" => ResamplingFilter.Bicubic,
        "bilinear" => ResamplingFilter.Bilinear,
        "random" => null,
        _ => throw new UnreachableException(interpolation),
    };

    private static RandAugmentPolicy PolicyOf(string policy)
    {
        try
        {
            return RandAugmentPolicy.Parse(policy);
        }
        catch (FormatException error)
        {
            throw new ConfigurationException($"AUG.AUTO_AUGMENT: {error.Message}");
        }
    }

    private static RandomErasing? ErasingOf(AugmentationConfig augmentation)
    {
        if (augmentation.Reprob == 0)
            return null;
        ErasingMode mode = augmentation.Remode switch
        {
            "pixel" => ErasingMode.Pixel,
            "rand" => ErasingMode.Rand,
            "const" or "" => ErasingMode.Const,
            var other => throw new UnreachableException(other),
        };
        return new RandomErasing(augmentation.Reprob, mode, augmentation.Recount);
    }
}
