using PolaFormer.Vision.Transforms;
using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Tests;

public class ColorJitterTests
{
    [Fact]
    public void NoStrengthChangesNothing()
    {
        using Image image = ResamplingTests.RandomImage(17, 11, seed: 1);
        ImageAssert.Equal(image, new ColorJitter(0).Apply(image, new SampleRandom(1, 0, 0)));
    }

    [Fact]
    public void PropertiesAreChangedInTheDrawnOrder()
    {
        // The permutation hue, saturation, brightness, contrast by exchanges; then the factors of brightness, contrast and saturation.
        using Image image = ResamplingTests.RandomImage(17, 11, seed: 2);
        using Image actual = new ColorJitter(0.4).Apply(image, new Drawn([3, 2, 3], [0.7, 1.2, 1.4]));
        using Image expected = Enhancement.Contrast(Enhancement.Brightness(Enhancement.Color(image, 1.4), 0.7), 1.2);
        ImageAssert.Equal(expected, actual);
    }

    [Fact]
    public void FactorsAreNeverNegative()
    {
        using Image image = ResamplingTests.RandomImage(17, 11, seed: 3);
        var random = new Drawn([0, 1, 2], [0, 0, 0]);
        new ColorJitter(1.5).Apply(image, random).Dispose();
        Assert.Equal((0, 2.5), random.Range);
    }

    private sealed class Drawn(int[] integers, double[] reals) : IRandomSource
    {
        private int _integer, _real;

        public (double Low, double High) Range { get; private set; }

        public double Uniform(double low, double high)
        {
            Range = (low, high);
            return reals[_real++];
        }

        public int Integer(int low, int high) => integers[_integer++];

        public double Normal(double mean, double std) => throw new InvalidOperationException();

        public void FillNormal(Span<float> values) => throw new InvalidOperationException();
    }
}
