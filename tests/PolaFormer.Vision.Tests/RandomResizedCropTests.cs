using System.Text.Json;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Tests;

public class RandomResizedCropTests
{
    [Fact]
    public void TimmsDrawsGiveTimmsBoxesAndPixels()
    {
        string folder = SharedData.Fixture("D_recipe/random_resized_crop");
        var reference = new ReferenceTensors(Path.Combine(folder, "case.safetensors"));
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        var seen = new Dictionary<int, int>();
        foreach (JsonElement row in meta.RootElement.GetProperty("rows").EnumerateArray())
        {
            int image = row.GetProperty("image").GetInt32(), size = row.GetProperty("size").GetInt32();
            int number = seen[image] = seen.GetValueOrDefault(image, -1) + 1;
            using Image source = reference.Image($"in.{image}");
            var expected = new PixelRect(row.GetProperty("j").GetInt32(), row.GetProperty("i").GetInt32(), row.GetProperty("w").GetInt32(), row.GetProperty("h").GetInt32());
            Assert.Equal(expected, new RandomResizedCrop(size).Draw(source.Width, source.Height, new LoggedDraws(row.GetProperty("draws"))));
            foreach (ResamplingFilter filter in (ReadOnlySpan<ResamplingFilter>)[ResamplingFilter.Bilinear, ResamplingFilter.Bicubic])
            {
                using Image result = new RandomResizedCrop(size, filter).Apply(source, new LoggedDraws(row.GetProperty("draws")));
                string name = $"out.{image}.{number}.{filter.ToString().ToLowerInvariant()}";
                ImageAssert.Equal(reference.Image(name), result, name);
            }
        }
        Assert.Equal(3, seen.Count);
    }

    [Theory]
    [InlineData(1000, 10, 493, 0, 13, 10)]
    [InlineData(10, 1000, 0, 493, 10, 13)]
    public void WithoutAFitTheCentralPartIsTaken(int width, int height, int x, int y, int w, int h) =>
        Assert.Equal(new PixelRect(x, y, w, h), new RandomResizedCrop(8).Draw(width, height, new WholeArea()));

    [Fact]
    public void BoxesStayInsideTheImage()
    {
        var sizes = new Random(1);
        for (int sample = 0; sample < 5000; sample++)
        {
            int width = sizes.Next(1, 200), height = sizes.Next(1, 200);
            new RandomResizedCrop(8).Draw(width, height, new SampleRandom(7, 0, sample)).RequireInside(width, height);
        }
    }

    /// <summary>The draws of a recorded run, which also checks that they are asked for in the same order.</summary>
    private sealed class LoggedDraws(JsonElement draws) : IRandomSource
    {
        private int _next;

        public double Uniform(double low, double high) => Take("uniform", low, high).GetDouble();

        public int Integer(int low, int high) => Take("randint", low, high).GetInt32();

        public double Normal(double mean, double std) => throw new InvalidOperationException();

        public void FillNormal(Span<float> values) => throw new InvalidOperationException();

        private JsonElement Take(string kind, double low, double high)
        {
            JsonElement draw = draws[_next++];
            Assert.Equal(kind, draw[0].GetString());
            Assert.Equal(low, draw[1][0].GetDouble(), 12);
            Assert.Equal(high, draw[1][1].GetDouble(), 12);
            return draw[2];
        }
    }

    private sealed class WholeArea : IRandomSource
    {
        public double Uniform(double low, double high) => low < 0 ? 0 : high;

        public int Integer(int low, int high) => throw new InvalidOperationException();

        public double Normal(double mean, double std) => throw new InvalidOperationException();

        public void FillNormal(Span<float> values) => throw new InvalidOperationException();
    }
}
