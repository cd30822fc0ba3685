using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training.Tests;

public class TrainingAugmentationTests
{
    private static readonly float[] s_mean = [0.5f, 0.5f, 0.5f], s_std = [0.25f, 0.25f, 0.25f];

    [Fact]
    public void SmallImagesAreShiftedAndLargeOnesResized()
    {
        using Image image = Noise(32, 32);
        float[] shifted = Apply(Plain(), 32, image), resized = Apply(Plain(), 33, image);
        Assert.All(shifted, value => Assert.Contains(value, Levels(image)));
        Assert.Contains(resized, value => !Levels(image).Contains(value));
    }

    [Fact]
    public void AScaleHasSmallImagesResizedToo()
    {
        using Image image = Noise(32, 32);
        Assert.Contains(Apply(Plain(config => config.Scale = [0.3, 0.5]), 32, image), value => !Levels(image).Contains(value));
    }

    [Fact]
    public void AMirrorBorderAroundTheWholeShowsTheImageSmaller()
    {
        // All of the bordered image, whose middle half is the image: white in black of the same image is impossible without the border.
        using var image = new Image(32, 32);
        image.Pixels.Clear();
        image.Row(0).Fill(255);
        float[] values = Apply(Plain(config => (config.Scale, config.MirrorBorder) = ([1, 1], 0.5)), 32, image);
        int row = Enumerable.Range(0, 32).MaxBy(y => values[y * 32 * 3]);
        Assert.InRange(row, 6, 9);
    }

    [Fact]
    public void AScaleThatFallsIsRefused()
    {
        var error = Assert.Throws<ConfigurationException>(() => TrainingAugmentation.Create(Plain(config => config.Scale = [0.5, 0.3]), new DataConfig(), s_mean, s_std));
        Assert.StartsWith("AUG.SCALE: [0.5, 0.3] falls", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ColorJitterIsForRunsWithoutAPolicyOnly()
    {
        using Image image = Noise(32, 32);
        float[] plain = Apply(Plain(), 32, image);
        Assert.NotEqual(plain, Apply(Plain(config => config.ColorJitter = 0.4), 32, image));
        AugmentationConfig both = Plain(config => (config.AutoAugment, config.ColorJitter) = ("rand-m9", 0.4));
        Assert.Equal(Apply(Plain(config => config.AutoAugment = "rand-m9"), 32, image), Apply(both, 32, image));
    }

    [Fact]
    public void ErasingComesAfterNormalization()
    {
        using Image image = Noise(32, 32);
        float[] plain = Apply(Plain(), 32, image), erased = Apply(Plain(config => (config.Reprob, config.Remode) = (1, "const")), 32, image);
        Assert.Contains(0f, erased);
        Assert.All(plain.Zip(erased), pair => Assert.True(pair.Second == 0 || pair.First == pair.Second));
    }

    [Fact]
    public void TheAuthorsRecipeRunsWithEveryInterpolation()
    {
        using Image image = Noise(50, 40);
        foreach (string interpolation in (string[])["bicubic", "bilinear", "random"])
        {
            var data = new DataConfig { ImgSize = 48, Interpolation = interpolation };
            TrainTransform transform = TrainingAugmentation.Create(new AugmentationConfig(), data, s_mean, s_std);
            float[] values = new float[48 * 48 * 3];
            for (int sample = 0; sample < 30; sample++)
                transform.Apply(image, new SampleRandom(1, 0, sample), values);
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
        }
    }

    [Theory]
    [InlineData("AUG.AUTO_AUGMENT", "augmix-m5", "pixel", 0.25, 1, "bicubic")]
    [InlineData("AUG.REMODE", "none", "mosaic", 0.25, 1, "bicubic")]
    [InlineData("AUG.REPROB", "none", "pixel", 1.5, 1, "bicubic")]
    [InlineData("AUG.RECOUNT", "none", "pixel", 0.25, 0, "bicubic")]
    [InlineData("DATA.INTERPOLATION", "none", "pixel", 0.25, 1, "lanczos")]
    public void WrongKeysAreNamed(string key, string policy, string mode, double probability, int count, string interpolation)
    {
        var augmentation = new AugmentationConfig { AutoAugment = policy, Remode = mode, Reprob = probability, Recount = count };
        var error = Assert.Throws<ConfigurationException>(
            () => TrainingAugmentation.Create(augmentation, new DataConfig { Interpolation = interpolation }, s_mean, s_std));
        Assert.StartsWith(key, error.Message, StringComparison.Ordinal);
    }

    private static AugmentationConfig Plain(Action<AugmentationConfig>? change = null)
    {
        var config = new AugmentationConfig { AutoAugment = "none", ColorJitter = 0, Reprob = 0 };
        change?.Invoke(config);
        return config;
    }

    private static float[] Apply(AugmentationConfig config, int size, Image image)
    {
        float[] values = new float[size * size * 3];
        TrainingAugmentation.Create(config, new DataConfig { ImgSize = size }, s_mean, s_std).Apply(image, new SampleRandom(1, 0, 0), values);
        return values;
    }

    // The levels of the image and of the black border, normalised.
    private static HashSet<float> Levels(Image image)
    {
        float[] values = new float[image.Pixels.Length];
        new Normalization(s_mean, s_std).Apply(image, values);
        return [.. values, -2];
    }

    // Few levels, so that a mean of two is hardly one of them.
    private static Image Noise(int width, int height)
    {
        var image = new Image(width, height);
        new Random(1).NextBytes(image.Pixels);
        foreach (ref byte level in image.Pixels)
            level = (byte)(level / 64 * 80);
        return image;
    }
}
