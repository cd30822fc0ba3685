using System.Globalization;
using System.Text.Json;
using PolaFormer.Vision.Transforms;
using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Tests;

public class RandAugmentTests
{
    private static readonly FillColor s_fill = FillColor.FromMean([0.485f, 0.456f, 0.406f]);

    [Fact]
    public void OperationsGiveTimmsPixels()
    {
        string folder = SharedData.Require("fixtures/D_recipe/randaugment_ops");
        var reference = new ReferenceTensors(Path.Combine(folder, "case.safetensors"));
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        using Image source = reference.Image("in.image");
        RandAugmentOperation[] operations = RandAugmentOperation.All(isIncreasing: true);
        var seen = new HashSet<string>();
        foreach (JsonProperty entry in meta.RootElement.GetProperty("args").EnumerateObject())
        {
            string[] parts = entry.Name.Split('.');
            RandAugmentOperation operation = operations.Single(operation => operation.Name == parts[0]);
            double level = double.Parse(string.Join('.', parts[1..^2]), CultureInfo.InvariantCulture);
            double? argument = operation.ArgumentOf(level, parts[^2] == "-");
            Assert.Equal(entry.Value.EnumerateArray().Select(item => (double?)item.GetDouble()).FirstOrDefault(), argument);
            ResamplingFilter filter = parts[^1] == "bilinear" ? ResamplingFilter.Bilinear : ResamplingFilter.Bicubic;
            using Image result = operation.Apply(source, argument ?? 0, filter, s_fill);
            ImageAssert.Equal(reference.Image($"out.{entry.Name}"), result, entry.Name);
            seen.Add(parts[0]);
        }
        Assert.Equal(operations.Length, seen.Count);
    }

    [Fact]
    public void TheSourceIsLeftAsItWasAndDrawsDecide()
    {
        using Image image = ResamplingTests.RandomImage(20, 30, seed: 5);
        byte[] before = image.Pixels.ToArray();
        var step = new RandAugment(RandAugmentPolicy.Parse("rand-m9-n3-mstd0.5"), s_fill, filter: null);
        for (int sample = 0; sample < 60; sample++)
        {
            byte[] first = step.Apply(image, new SampleRandom(1, 0, sample)).Pixels.ToArray();
            Assert.Equal(before, image.Pixels.ToArray());
            Assert.Equal(first, step.Apply(image, new SampleRandom(1, 0, sample)).Pixels.ToArray());
        }
    }

    [Fact]
    public void HalfOfTheOperationsAreSkipped()
    {
        using Image image = ResamplingTests.RandomImage(9, 9, seed: 6);
        var step = new RandAugment(RandAugmentPolicy.Parse("rand-m9-n1-inc1"), s_fill);
        int untouched = Enumerable.Range(0, 2000).Count(sample => ReferenceEquals(step.Apply(image, new SampleRandom(2, 0, sample)), image));
        Assert.InRange(untouched, 900, 1100);
    }

    [Fact]
    public void WeightedOperationsAreChosenOnceEachAndNeverWithoutWeight()
    {
        var random = new ChoosingRandom();
        using var image = new Image(4, 4);
        var step = new RandAugment(RandAugmentPolicy.Parse("rand-n13-w0"), s_fill);
        step.Apply(image, random).Dispose();
        Assert.Equal(13, random.Totals.Count);
        Assert.All(random.Totals.Zip(random.Totals.Skip(1)), pair => Assert.True(pair.Second < pair.First, "a weight was taken twice"));
    }

    [Theory]
    [InlineData("rand-m9-mstd0.5-inc1", 9, 2, 0.5, false, true)]
    [InlineData("rand", 10, 2, 0, false, false)]
    [InlineData("rand-n3-w0-m7", 7, 3, 0, true, false)]
    [InlineData("rand-inc0", 10, 2, 0, false, true)]
    public void PoliciesAreRead(string text, int magnitude, int operations, double std, bool isWeighted, bool isIncreasing) =>
        Assert.Equal(new RandAugmentPolicy(magnitude, operations, std, isWeighted, isIncreasing), RandAugmentPolicy.Parse(text));

    [Theory]
    [InlineData("original-mstd0.5", "original-mstd0.5")]
    [InlineData("augmix-m5", "augmix-m5")]
    [InlineData("rand-m9-x3", "x3")]
    [InlineData("rand-m", "m")]
    [InlineData("rand-m11", "m11")]
    [InlineData("rand-n0", "n0")]
    [InlineData("rand-n999999", "n999999")]
    [InlineData("rand--m9", "''")]
    [InlineData("rand-mstd1e9", "mstd1e9")]
    [InlineData("rand-w1", "w1")]
    [InlineData("", "''")]
    public void OtherPoliciesAreRefusedByName(string text, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => RandAugmentPolicy.Parse(text)).Message);

    /// <summary>Skips every operation, and notes the weights left when one is chosen.</summary>
    private sealed class ChoosingRandom : IRandomSource
    {
        private int _draws;

        public List<double> Totals { get; } = [];

        public double Uniform(double low, double high)
        {
            if (++_draws > 13)
                return high;
            Totals.Add(high);
            return high / 2;
        }

        public int Integer(int low, int high) => throw new InvalidOperationException();

        public double Normal(double mean, double std) => throw new InvalidOperationException();

        public void FillNormal(Span<float> values) => throw new InvalidOperationException();
    }
}
