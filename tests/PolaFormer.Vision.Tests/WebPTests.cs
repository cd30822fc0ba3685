using SkiaSharp;

namespace PolaFormer.Vision.Tests;

/// <summary>SkiaSharp's encoder, lossless, makes the files.</summary>
public unsafe class WebPTests
{
    [Theory]
    [InlineData(1, 1, Codecs.OfTheSystem)]
    [InlineData(37, 21, Codecs.OfTheSystem)]
    [InlineData(1, 1, Codecs.OfThePackages)]
    [InlineData(37, 21, Codecs.OfThePackages)]
    public void LosslessPixelsComeBack(int width, int height, string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        using Image image = ResamplingTests.RandomImage(width, height, seed: 1);
        ImageAssert.Equal(image, ImageDecoder.Decode(Encode(image)));
    }

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void AlphaIsDropped(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        byte[] pixels = new byte[8 * 8 * 4];
        new Random(2).NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = (byte)Math.Max((int)pixels[i], 1);
        using Image image = ImageDecoder.Decode(Encode(pixels, 8, 8, SKAlphaType.Unpremul));
        for (int i = 0; i < 64; i++)
            Assert.Equal((pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2]), (image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]));
    }

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void TruncatedFilesAreRefused(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        using Image image = ResamplingTests.RandomImage(16, 16, seed: 3);
        byte[] file = Encode(image);
        for (int length = 12; length < file.Length - 1; length += 7)
            Assert.Throws<ImageException>(() => ImageDecoder.Decode(file.AsSpan(0, length)));
    }

    internal static byte[] Encode(Image image)
    {
        byte[] rgba = new byte[image.Width * image.Height * 4];
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            image.Pixels.Slice(3 * i, 3).CopyTo(rgba.AsSpan(4 * i));
            rgba[(4 * i) + 3] = byte.MaxValue;
        }

        return Encode(rgba, image.Width, image.Height, SKAlphaType.Opaque);
    }

    private static byte[] Encode(byte[] rgba, int width, int height, SKAlphaType alpha)
    {
        fixed (byte* pixels = rgba)
        {
            using var pixmap = new SKPixmap(new SKImageInfo(width, height, SKColorType.Rgba8888, alpha), (nint)pixels);
            using SKData file = pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 75))!;
            return file.ToArray();
        }
    }
}
