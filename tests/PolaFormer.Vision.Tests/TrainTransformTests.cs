using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Tests;

public class TrainTransformTests
{
    [Fact]
    public void DrawsDependOnSeedEpochAndSampleOnly()
    {
        using Image image = ResamplingTests.RandomImage(60, 50, seed: 1);
        float[] Run(ulong seed, int epoch, int sample)
        {
            float[] output = new float[32 * 32 * 3];
            TrainTransform.Photographs(32).Apply(image, new SampleRandom(seed, epoch, sample), output);
            return output;
        }
        float[] first = Run(1, 2, 3);
        Assert.Equal(first, Run(1, 2, 3));
        Assert.NotEqual(first, Run(2, 2, 3));
        Assert.NotEqual(first, Run(1, 3, 3));
        Assert.NotEqual(first, Run(1, 2, 4));
    }

    [Fact]
    public void FlippingTwiceGivesTheImageBack()
    {
        using Image image = ResamplingTests.RandomImage(13, 7, seed: 2);
        using Image once = HorizontalFlip.Flip(image);
        Assert.Equal(image.Row(3)[..3].ToArray(), once.Row(3)[^3..].ToArray());
        ImageAssert.Equal(image, HorizontalFlip.Flip(once));
    }

    [Fact]
    public void TheMirrorBorderContinuesTheImageByItsMirrorImage()
    {
        using Image image = ResamplingTests.RandomImage(8, 6, seed: 7);
        using Image bordered = new MirrorBorder(0.5).Apply(image, new SampleRandom(1, 0, 0));
        Assert.Equal((16, 12), (bordered.Width, bordered.Height));
        using Image middle = bordered.Crop(new(4, 3, 8, 6)), left = bordered.Crop(new(0, 3, 4, 6)), right = bordered.Crop(new(12, 3, 4, 6));
        using Image flipped = HorizontalFlip.Flip(image);
        ImageAssert.Equal(image, middle);
        ImageAssert.Equal(flipped.Crop(new(4, 0, 4, 6)), left);
        ImageAssert.Equal(flipped.Crop(new(0, 0, 4, 6)), right);
        for (int y = 0; y < 3; y++)
        {
            Assert.Equal(bordered.Row(3 + y).ToArray(), bordered.Row(2 - y).ToArray());
            Assert.Equal(bordered.Row(8 - y).ToArray(), bordered.Row(9 + y).ToArray());
        }
    }

    [Fact]
    public void ThePaddedCropIsAWindowOfTheImageOnBlack()
    {
        using Image image = ResamplingTests.RandomImage(32, 32, seed: 3);
        using var padded = new Image(40, 40);
        padded.Pixels.Clear();
        for (int y = 0; y < 32; y++)
            image.Row(y).CopyTo(padded.Row(y + 4)[12..]);
        for (int top = 0; top <= 8; top++)
        {
            for (int left = 0; left <= 8; left++)
            {
                using Image crop = new PadCrop(32).Apply(image, new Fixed(top, left));
                ImageAssert.Equal(padded.Crop(new(left, top, 32, 32)), crop);
            }
        }
    }

    [Fact]
    public void AnImageTooSmallForThePaddedCropIsRefused()
    {
        using Image image = ResamplingTests.RandomImage(20, 40, seed: 4);
        Assert.Throws<ImageException>(() => new PadCrop(32).Apply(image, new SampleRandom(1, 0, 0)));
    }

    [Fact]
    public void TheSourceIsLeftAsItWas()
    {
        using Image image = ResamplingTests.RandomImage(32, 32, seed: 5);
        byte[] before = image.Pixels.ToArray();
        float[] output = new float[32 * 32 * 3];
        for (int sample = 0; sample < 20; sample++)
            new TrainTransform(32, [new PadCrop(32), new HorizontalFlip()]).Apply(image, new SampleRandom(1, 0, sample), output);
        Assert.Equal(before, image.Pixels.ToArray());
    }

    [Fact]
    public void UniformDrawsFillTheirInterval()
    {
        var random = new SampleRandom(9, 0, 0);
        double[] draws = [.. Enumerable.Range(0, 4000).Select(_ => random.Uniform(-1, 3))];
        Assert.All(draws, value => Assert.InRange(value, -1, 3));
        Assert.Equal(1, draws.Average(), 0.1);
        int[] integers = [.. Enumerable.Range(0, 4000).Select(_ => random.Integer(-1, 2))];
        Assert.Equal([-1, 0, 1, 2], integers.Distinct().Order());
    }

    private sealed class Fixed(params int[] integers) : IRandomSource
    {
        private int _next;

        public double Uniform(double low, double high) => low;

        public int Integer(int low, int high) => integers[_next++];

        public double Normal(double mean, double std) => throw new InvalidOperationException();

        public void FillNormal(Span<float> values) => throw new InvalidOperationException();
    }
}
