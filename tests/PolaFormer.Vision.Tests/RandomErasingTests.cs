using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Tests;

public class RandomErasingTests
{
    private const int Width = 40, Height = 30;

    [Theory]
    [InlineData(ErasingMode.Const)]
    [InlineData(ErasingMode.Rand)]
    [InlineData(ErasingMode.Pixel)]
    public void OneRectangleIsErased(ErasingMode mode)
    {
        for (int sample = 0; sample < 50; sample++)
        {
            float[] values = Erase(new RandomErasing(1, mode), sample);
            int[] erased = [.. Enumerable.Range(0, Width * Height).Where(pixel => values[pixel * 3] != 9)];
            int left = erased.Min(pixel => pixel % Width), right = erased.Max(pixel => pixel % Width);
            int top = erased.Min(pixel => pixel / Width), bottom = erased.Max(pixel => pixel / Width);
            Assert.Equal((right - left + 1) * (bottom - top + 1), erased.Length);
            Assert.InRange(erased.Length / (double)(Width * Height), 0.01, 0.36);
            int colors = erased.Select(pixel => (values[pixel * 3], values[(pixel * 3) + 1], values[(pixel * 3) + 2])).Distinct().Count();
            Assert.Equal(mode == ErasingMode.Pixel ? erased.Length : 1, colors);
            Assert.True(mode != ErasingMode.Const || values[erased[0] * 3] == 0);
        }
    }

    [Fact]
    public void ErasedPixelsAreStandardNormal()
    {
        double[] drawn = [.. Enumerable.Range(0, 60).SelectMany(sample => Erase(new RandomErasing(1), sample)).Where(value => value != 9).Select(value => (double)value)];
        Assert.Equal(0, drawn.Average(), 0.03);
        Assert.Equal(1, drawn.Average(value => value * value), 0.03);
    }

    [Fact]
    public void TheProbabilityIsKept()
    {
        int changed = Enumerable.Range(0, 2000).Count(sample => Erase(new RandomErasing(0.25), sample).Any(value => value != 9));
        Assert.InRange(changed, 420, 580);
    }

    [Fact]
    public void SeveralRectanglesShareTheArea()
    {
        double mean = Enumerable.Range(0, 200).Average(sample => Erase(new RandomErasing(1, ErasingMode.Const, 5), sample).Count(value => value == 0) / (double)(Width * Height * 3));
        Assert.InRange(mean, 0.1, 0.19);
    }

    [Fact]
    public void TheSmallestImageIsNoError()
    {
        float[] values = [1, 2, 3];
        new RandomErasing(1).Apply(values, 1, 1, new SampleRandom(1, 0, 0));
        Assert.Equal(3, values.Length);
    }

    private static float[] Erase(RandomErasing erasing, int sample)
    {
        float[] values = new float[Width * Height * 3];
        values.AsSpan().Fill(9);
        erasing.Apply(values, Width, Height, new SampleRandom(3, 0, sample));
        return values;
    }
}
