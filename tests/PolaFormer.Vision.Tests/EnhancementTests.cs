using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Tests;

/// <summary>Holds the vector code against Pillow's formulas, written out pixel by pixel, for widths of all remainders.</summary>
public class EnhancementTests
{
    private static readonly double[] s_factors = [0, 0.19, 0.64, 1, 1.36, 1.81];

    [Fact]
    public void BrightnessIsABlendWithBlack() => AssertBlend(Enhancement.Brightness, image => (_, _, _) => 0);

    [Fact]
    public void ContrastIsABlendWithTheMeanGrey() => AssertBlend(Enhancement.Contrast, image =>
    {
        double sum = 0;
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                sum += Grey(image, x, y);
        int mean = (int)((sum / (image.Width * image.Height)) + 0.5);
        return (_, _, _) => mean;
    });

    [Fact]
    public void ColorIsABlendWithTheGreyImage() => AssertBlend(Enhancement.Color, image => (x, y, _) => Grey(image, x, y));

    [Fact]
    public void SharpnessIsABlendWithTheSmoothedImage() => AssertBlend(Enhancement.Sharpness, image => (x, y, c) =>
    {
        if (x == 0 || y == 0 || x == image.Width - 1 || y == image.Height - 1)
            return image.Row(y)[(x * 3) + c];
        float sum = 0.5f;
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                sum += image.Row(y + dy)[((x + dx) * 3) + c] * ((dx, dy) == (0, 0) ? 5f / 13 : 1f / 13);
        return (int)sum;
    });

    private static int Grey(Image image, int x, int y)
    {
        Span<byte> pixel = image.Row(y).Slice(x * 3, 3);
        return ((19595 * pixel[0]) + (38470 * pixel[1]) + (7471 * pixel[2]) + 0x8000) >> 16;
    }

    private static void AssertBlend(Func<Image, double, Image> enhance, Func<Image, Func<int, int, int, int>> degenerate)
    {
        for (int width = 1; width < 50; width++)
        {
            using Image image = ResamplingTests.RandomImage(width, 1 + (width % 6), seed: width);
            Func<int, int, int, int> level = degenerate(image);
            foreach (double factor in s_factors)
            {
                using var expected = new Image(image.Width, image.Height);
                for (int y = 0; y < image.Height; y++)
                    for (int x = 0; x < width; x++)
                        for (int c = 0; c < 3; c++)
                        {
                            int start = level(x, y, c);
                            expected.Row(y)[(x * 3) + c] = (byte)Math.Clamp(start + ((float)factor * (image.Row(y)[(x * 3) + c] - start)), 0f, 255f);
                        }
                using Image actual = enhance(image, factor);
                ImageAssert.Equal(expected, actual, $"{width} columns, factor {factor}");
            }
        }
    }
}
