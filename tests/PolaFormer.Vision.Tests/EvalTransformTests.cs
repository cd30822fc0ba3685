using System.Text.Json;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Tests;

public class EvalTransformTests
{
    public static TheoryData<string> Cases => [.. Folders()];

    /// <summary>The cases beside the tests, and those of ../shared where it is there.</summary>
    private static IEnumerable<string> Folders()
    {
        string here = SharedData.Fixture("E_images");
        string folder = SharedData.Find("fixtures/E_images") ?? here;
        return Directory.GetDirectories(folder, "eval_*").Order(StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheAuthorsTransformIsReproducedToTheLastBit(string folder)
    {
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        int size = meta.RootElement.GetProperty("img_size").GetInt32();
        string file = meta.RootElement.GetProperty("file").GetProperty("name").GetString()!;
        var reference = new ReferenceTensors(Path.Combine(folder, "case.safetensors"));

        using Image decoded = ImageDecoder.Decode(Path.Combine(folder, file));
        ImageAssert.Equal(reference.Image("aux.decoded"), decoded, "decoded");

        var transform = new EvalTransform(size);
        using Image expected = reference.Image("out.resized");
        Assert.Equal(transform.ResizeSize, expected.Width);
        using Image resized = Resampling.Resize(decoded, transform.ResizeSize, transform.ResizeSize, ResamplingFilter.Bicubic);
        ImageAssert.Equal(expected, resized, "resized");

        float[] output = new float[size * size * 3];
        transform.Apply(decoded, output);
        if (!reference.Contains("out.tensor"))
            return;
        ReadOnlySpan<float> tensor = reference.Floats("out.tensor");
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < size * size; i++)
                Assert.Equal(tensor[(c * size * size) + i], output[(i * 3) + c]);
    }

    [Fact]
    public void WithoutCropTheImageFillsTheSquare()
    {
        using Image image = ResamplingTests.RandomImage(50, 30, seed: 1);
        using Image pixels = new EvalTransform(24, EvalResize.Square).Pixels(image);
        ImageAssert.Equal(Resampling.Resize(image, 24, 24, ResamplingFilter.Bicubic), pixels);
    }

    [Theory]
    [InlineData(ImageViews.One, 1)]
    [InlineData(ImageViews.Mirrored, 2)]
    [InlineData(ImageViews.Zoomed, 6)]
    public void ViewsFollowEachOtherEachWithItsMirrorImage(ImageViews views, int count)
    {
        using Image image = ResamplingTests.RandomImage(100, 60, seed: 5);
        var transform = new EvalTransform(16, EvalResize.Square) { Views = views };
        Assert.Equal(count, transform.ViewCount);
        float[] values = new float[count * 16 * 16 * 3];
        transform.Apply(image, values);
        using Image middle = image.Crop(new PixelRect(10, 6, 80, 48)), mirrored = HorizontalFlip.Flip(image);
        (int View, Image Image)[] expected = views switch
        {
            ImageViews.One => [(0, image)],
            ImageViews.Mirrored => [(0, image), (1, mirrored)],
            _ => [(0, image), (1, mirrored), (2, middle)],
        };
        foreach ((int view, Image of) in expected)
        {
            float[] alone = new float[16 * 16 * 3];
            new EvalTransform(16, EvalResize.Square).Apply(of, alone);
            Assert.Equal(alone, values.AsSpan(view * alone.Length, alone.Length).ToArray());
        }
    }

    [Theory]
    [InlineData(500, 375, 341, 256)]
    [InlineData(375, 500, 256, 341)]
    [InlineData(300, 300, 256, 256)]
    public void KeepingTheAspectRatioResizesTheShorterSide(int width, int height, int resizedWidth, int resizedHeight)
    {
        using Image image = ResamplingTests.RandomImage(width, height, seed: 2);
        using Image resized = Resampling.Resize(image, resizedWidth, resizedHeight, ResamplingFilter.Bicubic);
        using Image pixels = new EvalTransform(224, EvalResize.KeepAspect).Pixels(image);
        ImageAssert.Equal(resized.Crop(EvalTransform.CenterCrop(resizedWidth, resizedHeight, 224)), pixels);
    }

    [Theory]
    [InlineData(109, 96, 6)]
    [InlineData(111, 96, 8)]
    public void HalfPixelsOfTheCropRoundToEven(int resized, int size, int offset) =>
        Assert.Equal(offset, EvalTransform.CenterCrop(resized, resized, size).X);
}
