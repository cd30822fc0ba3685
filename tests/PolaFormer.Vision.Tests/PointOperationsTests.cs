using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Tests;

public class PointOperationsTests
{
    [Fact]
    public void InvertingTwiceGivesTheImageBack() =>
        AssertIdentity(image => PointOperations.Invert(PointOperations.Invert(image)));

    [Fact]
    public void EightBitsAreAll() => AssertIdentity(image => PointOperations.Posterize(image, 8));

    [Fact]
    public void NothingReachesAThresholdOf256() => AssertIdentity(image => PointOperations.Solarize(image, 256));

    [Fact]
    public void AddingNothingChangesNothing() => AssertIdentity(image => PointOperations.SolarizeAdd(image, 0));

    [Fact]
    public void EachChannelIsStretchedToItsOwnRange()
    {
        for (int width = 1; width < 80; width++)
        {
            using Image image = ResamplingTests.RandomImage(width, 3, seed: width);
            using Image result = PointOperations.AutoContrast(image);
            for (int c = 0; c < 3; c++)
            {
                byte[] levels = [.. image.Pixels.ToArray().Where((_, i) => i % 3 == c)];
                double scale = 255.0 / (levels.Max() - levels.Min());
                Assert.Equal(levels.Select(level => (byte)((level * scale) - (levels.Min() * scale))), result.Pixels.ToArray().Where((_, i) => i % 3 == c));
            }
        }
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(200, 40)]
    public void AnImageOfOneLevelIsNeitherStretchedNorEqualized(int width, int height)
    {
        using var image = new Image(width, height);
        image.Pixels.Fill(77);
        ImageAssert.Equal(image, PointOperations.AutoContrast(image));
        ImageAssert.Equal(image, PointOperations.Equalize(image));
    }

    [Fact]
    public void ThresholdOfZeroInverts()
    {
        using Image image = ResamplingTests.RandomImage(31, 5, seed: 3);
        ImageAssert.Equal(PointOperations.Invert(image), PointOperations.Solarize(image, 0));
    }

    [Fact]
    public void SolarizeAddSaturatesBelowTheThresholdOnly()
    {
        using var image = new Image(1, 1, [10, 127, 128]);
        Assert.Equal([210, 255, 128], PointOperations.SolarizeAdd(image, 200).Pixels.ToArray());
    }

    [Fact]
    public void EqualizingSpreadsTheLevelsEvenly()
    {
        using var image = new Image(1024, 1);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(i / 3 / 16);
        using Image result = PointOperations.Equalize(image);
        for (int x = 1; x < 1024; x++)
            Assert.InRange(result.Row(0)[x * 3] - result.Row(0)[(x - 1) * 3], 0, 6);
        Assert.Equal(255, result.Row(0)[^1]);
    }

    private static void AssertIdentity(Func<Image, Image> operation)
    {
        for (int width = 1; width < 40; width += 3)
        {
            using Image image = ResamplingTests.RandomImage(width, 7, seed: width);
            ImageAssert.Equal(image, operation(image), $"{width} columns");
        }
    }
}
