namespace PolaFormer.Vision.Tests;

public class ImageEncoderTests
{
    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void APngIsReadBackAsItWas(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        byte[] pixels = [.. Enumerable.Range(0, 7 * 5 * 3).Select(i => (byte)(i * 37))];
        using var image = new Image(7, 5, pixels);
        using Image read = ImageDecoder.Decode(ImageEncoder.Png(image), ImageDecodeOptions.Photograph);
        Assert.Equal((7, 5), (read.Width, read.Height));
        Assert.Equal(pixels, read.Pixels.ToArray());
    }
}
