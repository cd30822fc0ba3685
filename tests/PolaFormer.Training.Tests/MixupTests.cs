using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training.Tests;

public class MixupTests
{
    private const int Classes = 7, Width = 12, Height = 10;

    [Theory]
    [InlineData("batch", 0.8, 1)]
    [InlineData("pair", 0.8, 1)]
    [InlineData("elem", 0.8, 1)]
    [InlineData("elem", 0, 1)]
    [InlineData("elem", 0.8, 0)]
    public void TargetsArePositiveAndSumToOne(string mode, double mixup, double cutmix)
    {
        for (int step = 0; step < 20; step++)
        {
            Tensor targets = Mixing(mode, mixup, cutmix).Apply(Images(6), [0, 3, 3, 6, 1, 3], seed: 1, step).Targets;
            for (int i = 0; i < 6; i++)
            {
                float[] row = targets.Slice(0, i, 1).ToArray();
                Assert.Equal(1, row.Sum(), 5);
                Assert.All(row, value => Assert.True(value > 0));
            }
        }
    }

    [Fact]
    public void ImagesAreWhatTheirMixturesSay()
    {
        Mixture[] mixtures = [Mixture.Sum(0.25), Mixture.Cut(0.5, 3, 4, Width, Height), Mixture.None, Mixture.Sum(0.75)];
        float[] original = Images(4).ToArray(), images = Mixing("elem").Apply(Images(4), [0, 1, 2, 3], mixtures).Images.ToArray();
        for (int i = 0; i < 4; i++)
        {
            for (int pixel = 0; pixel < Width * Height; pixel++)
            {
                float own = original[((i * Width * Height) + pixel) * 3], other = original[(((3 - i) * Width * Height) + pixel) * 3];
                (int x, int y) = (pixel % Width, pixel / Width);
                bool isInside = mixtures[i].Box is { } box && x >= box.X && x < box.X + box.Width && y >= box.Y && y < box.Y + box.Height;
                float lambda = mixtures[i].Box is null ? (float)mixtures[i].Lambda : isInside ? 0 : 1;
                Assert.Equal((own * lambda) + (other * (1 - lambda)), images[((i * Width * Height) + pixel) * 3], 1e-6f);
            }
        }
    }

    [Fact]
    public void AShareOfOneChangesNothing()
    {
        (Tensor images, Tensor targets) = Mixing("batch").Apply(Images(2), [2, 5], [Mixture.Sum(1), Mixture.Sum(1)]);
        Assert.Equal(Images(2).ToArray(), images.ToArray());
        Assert.Equal(SoftTargets.FromLabels([2, 5], Classes, 0.1f).ToArray(), targets.ToArray());
    }

    [Fact]
    public void DrawsDependOnSeedAndStepOnly()
    {
        static float[] Run(ulong seed, long step) => Mixing("elem").Apply(Images(4), [0, 1, 2, 3], seed, step).Images.ToArray();

        Assert.Equal(Run(1, 5), Run(1, 5));
        Assert.NotEqual(Run(1, 5), Run(2, 5));
        Assert.NotEqual(Run(1, 5), Run(1, 6));
    }

    [Theory]
    [InlineData("batch", 1)]
    [InlineData("pair", 3)]
    [InlineData("elem", 6)]
    public void TheModeSaysHowOftenIsDrawn(string mode, int distinct)
    {
        Mixture[] mixtures = Draw(Mixing(mode), 6);
        Assert.Equal(distinct, mixtures.Distinct().Count());
        Assert.True(mode == "elem" || mixtures[0] == mixtures[5]);
    }

    [Fact]
    public void ProbabilitiesAreKept()
    {
        var config = new AugmentationConfig { MixupMode = "elem", MixupProb = 0.5, MixupSwitchProb = 0.3 };
        Mixture[] mixtures = Draw(new Mixup(config, Classes, 0.1), 4000);
        Assert.InRange(mixtures.Count(mixture => mixture == Mixture.None) / 4000.0, 0.45, 0.55);
        Assert.InRange(mixtures.Count(mixture => mixture.Box is not null) / 4000.0, 0.12, 0.18);
    }

    [Fact]
    public void SidesOfBoxesStayInTheirRange()
    {
        var config = new AugmentationConfig { MixupMode = "elem", Mixup = 0, Cutmix = 0, CutmixMinmax = [0.2, 0.8] };
        foreach (Mixture mixture in Draw(new Mixup(config, Classes, 0.1), 1000))
        {
            Assert.InRange(mixture.Box!.Value.Height, 2, 7);
            Assert.InRange(mixture.Box.Value.Width, 2, 8);
            Assert.InRange(mixture.Box.Value.X, 0, Width - mixture.Box.Value.Width - 1);
            Assert.Equal(1 - (mixture.Box.Value.Width * mixture.Box.Value.Height / 120.0), mixture.Lambda, 12);
        }
    }

    [Fact]
    public void AnOddBatchIsRefused() => Assert.Throws<ArgumentException>(() => Mixing("batch").Apply(Images(3), [0, 1, 2], 1, 1));

    [Theory]
    [InlineData("rows", 1, null)]
    [InlineData("batch", 1.5, null)]
    [InlineData("batch", 1, new[] { 0.8, 0.2 })]
    [InlineData("batch", 1, new[] { 0.2 })]
    public void WrongOptionsAreNamed(string mode, double probability, double[]? sides) => Assert.StartsWith("AUG.", Assert.Throws<ConfigurationException>(
        () => new Mixup(new AugmentationConfig { MixupMode = mode, MixupProb = probability, CutmixMinmax = sides }, Classes, 0.1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0.8, 0.8)]
    [InlineData(1, 1)]
    [InlineData(0.1, 0.1)]
    [InlineData(2.5, 4)]
    [InlineData(1e-3, 1e-3)]
    public void BetaDrawsHaveTheirMeanAndVariance(double alpha, double beta)
    {
        var random = new SampleRandom(4, 0, 0);
        double[] draws = [.. Enumerable.Range(0, 20_000).Select(_ => BetaDistribution.Draw(alpha, beta, random))];
        double mean = alpha / (alpha + beta), variance = mean * (1 - mean) / (alpha + beta + 1);
        Assert.All(draws, value => Assert.InRange(value, 0, 1));
        Assert.Equal(mean, draws.Average(), 0.015);
        Assert.Equal(variance, draws.Average(value => (value - mean) * (value - mean)), 0.005);
    }

    private static Mixup Mixing(string mode, double mixup = 0.8, double cutmix = 1) =>
        new(new AugmentationConfig { MixupMode = mode, Mixup = mixup, Cutmix = cutmix }, Classes, 0.1);

    private static Mixture[] Draw(Mixup mixup, int count)
    {
        var mixtures = new Mixture[count];
        mixup.Draw(mixtures, Width, Height, new SampleRandom(5, 0, 0));
        return mixtures;
    }

    private static Tensor Images(int count)
    {
        Tensor images = Tensor.Empty([count, Height, Width, 3]);
        new SampleRandom(6, 0, count).FillNormal(images.AsSpan<float>());
        return images;
    }
}
