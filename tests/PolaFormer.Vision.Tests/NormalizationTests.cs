namespace PolaFormer.Vision.Tests;

public class NormalizationTests
{
    [Fact]
    public void EveryLevelIsRoundedAsTheFormula()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 100; trial++)
        {
            float[] mean = Draw(random), std = Draw(random);
            var normalization = trial == 0 ? Normalization.ImageNet : new Normalization(mean, std);
            if (trial == 0)
                (mean, std) = ([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);
            // 259 pixels are no whole number of vectors.
            using var image = new Image(259, 1);
            for (int i = 0; i < image.Pixels.Length; i++)
                image.Pixels[i] = (byte)(i / Image.Channels);
            float[] actual = new float[image.Pixels.Length];
            normalization.Apply(image, actual);
            for (int i = 0; i < actual.Length; i++)
                Assert.Equal(((image.Pixels[i] / 255f) - mean[i % 3]) / std[i % 3], actual[i], (a, b) => BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b));
        }
    }

    [Fact]
    public void ADestinationOfAnotherLengthIsRefused()
    {
        using var image = new Image(4, 4);
        Assert.Throws<ArgumentException>(() => Normalization.ImageNet.Apply(image, new float[47]));
    }

    private static float[] Draw(Random random) => [random.NextSingle() + 0.01f, random.NextSingle() + 0.01f, (random.NextSingle() * 1e-3f) + 1e-4f];
}
