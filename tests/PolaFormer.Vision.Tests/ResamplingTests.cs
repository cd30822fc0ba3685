namespace PolaFormer.Vision.Tests;

public class ResamplingTests
{
    private static readonly ResamplingFilter[] s_filters = Enum.GetValues<ResamplingFilter>();

    [Fact]
    public void ResizedPixelsEqualPillows()
    {
        var reference = new ReferenceTensors(SharedData.Fixture("E_images/pil_resize/case.safetensors"));
        using Image source = reference.Image("in.image");
        foreach (string tensor in reference.Names.Where(name => name.StartsWith("out.", StringComparison.Ordinal)))
        {
            var filter = Enum.Parse<ResamplingFilter>(tensor.Split('.')[1], ignoreCase: true);
            using Image expected = reference.Image(tensor);
            using Image actual = Resampling.Resize(source, expected.Width, expected.Height, filter);
            ImageAssert.Equal(expected, actual, tensor);
        }
    }

    [Fact]
    public void TheSameSizeGivesTheSamePixels()
    {
        using Image source = RandomImage(37, 23, seed: 1);
        foreach (ResamplingFilter filter in s_filters)
            ImageAssert.Equal(source, Resampling.Resize(source, source.Width, source.Height, filter), filter.ToString());
    }

    [Fact]
    public void AConstantImageStaysConstant()
    {
        var random = new Random(2);
        foreach (ResamplingFilter filter in s_filters)
        {
            for (int trial = 0; trial < 40; trial++)
            {
                using var source = new Image(random.Next(1, 90), random.Next(1, 90));
                byte level = (byte)random.Next(256);
                source.Pixels.Fill(level);
                using Image result = Resampling.Resize(source, random.Next(1, 90), random.Next(1, 90), filter);
                Assert.Equal(-1, result.Pixels.IndexOfAnyExcept(level));
            }
        }
    }

    [Fact]
    public void VectorsEqualTheDefinition()
    {
        var random = new Random(3);
        for (int trial = 0; trial < 300; trial++)
        {
            using Image source = RandomImage(random.Next(1, 120), random.Next(1, 120), trial);
            ResamplingFilter filter = s_filters[random.Next(1, s_filters.Length)];
            int width = random.Next(1, 120), height = random.Next(1, 120);
            using Image expected = SlowResize.Resize(source, width, height, filter);
            using Image actual = Resampling.Resize(source, width, height, filter);
            ImageAssert.Equal(expected, actual, $"{filter} {source.Width}×{source.Height} to {width}×{height}");
        }
    }

    [Fact]
    public void LargeReductionsEqualTheDefinition()
    {
        foreach ((int width, int height) in (ReadOnlySpan<(int, int)>)[(2000, 3), (3, 2000), (701, 1), (1, 701)])
        {
            using Image source = RandomImage(width, height, seed: width);
            foreach (ResamplingFilter filter in s_filters[1..])
            {
                using Image expected = SlowResize.Resize(source, 2, 1, filter), actual = Resampling.Resize(source, 2, 1, filter);
                ImageAssert.Equal(expected, actual, $"{filter} {width}×{height}");
            }
        }
    }

    [Fact]
    public void ABoxWithFractionalCornersEqualsTheDefinition()
    {
        var random = new Random(7);
        for (int trial = 0; trial < 200; trial++)
        {
            using Image source = RandomImage(random.Next(2, 60), random.Next(2, 60), trial);
            var box = new ResampleBox(random.NextSingle(), random.NextSingle(), source.Width - random.NextSingle(), source.Height - random.NextSingle());
            if (box.Left >= box.Right || box.Top >= box.Bottom)
                continue;
            ResamplingFilter filter = s_filters[random.Next(1, s_filters.Length)];
            int width = random.Next(1, 60), height = random.Next(1, 60);
            using Image expected = SlowResize.Resize(source, box, width, height, filter), actual = Resampling.Resize(source, box, width, height, filter);
            ImageAssert.Equal(expected, actual, $"{filter} {box}");
        }
    }

    [Fact]
    public void AWindowOfTheResultEqualsTheCroppedResult()
    {
        var random = new Random(4);
        for (int trial = 0; trial < 200; trial++)
        {
            using Image source = RandomImage(random.Next(1, 60), random.Next(1, 60), trial);
            ResamplingFilter filter = s_filters[random.Next(s_filters.Length)];
            // Every third trial keeps one side, so that single passes are met as well.
            int width = trial % 3 == 1 ? source.Width : random.Next(1, 60), height = trial % 3 == 2 ? source.Height : random.Next(1, 60);
            PixelRect window = RandomRect(width, height, random);
            using Image whole = Resampling.Resize(source, width, height, filter);
            using Image part = Resampling.Resize(source, new PixelRect(0, 0, source.Width, source.Height), width, height, filter, window);
            ImageAssert.Equal(whole.Crop(window), part, $"{filter} {window}");
        }
    }

    [Fact]
    public void ResizingACropEqualsCroppingThenResizing()
    {
        var random = new Random(5);
        for (int trial = 0; trial < 200; trial++)
        {
            using Image source = RandomImage(random.Next(1, 60), random.Next(1, 60), trial);
            PixelRect crop = RandomRect(source.Width, source.Height, random);
            ResamplingFilter filter = s_filters[random.Next(s_filters.Length)];
            int width = random.Next(1, 60), height = random.Next(1, 60);
            using Image cropped = source.Crop(crop);
            ImageAssert.Equal(Resampling.Resize(cropped, width, height, filter), Resampling.Resize(source, crop, width, height, filter), $"{filter} {crop}");
        }
    }

    [Fact]
    public void ABoxOutsideTheImageIsRefused()
    {
        using Image source = RandomImage(8, 8, seed: 6);
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampling.Resize(source, new ResampleBox(0, 0, 8.5f, 8), 4, 4, ResamplingFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampling.Resize(source, new ResampleBox(float.NaN, 0, 8, 8), 4, 4, ResamplingFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampling.Resize(source, new PixelRect(4, 4, 5, 1), 4, 4, ResamplingFilter.Box));
    }

    internal static Image RandomImage(int width, int height, int seed)
    {
        var image = new Image(width, height);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }

    private static PixelRect RandomRect(int width, int height, Random random)
    {
        int x = random.Next(width), y = random.Next(height);
        return new(x, y, random.Next(1, width - x + 1), random.Next(1, height - y + 1));
    }
}
