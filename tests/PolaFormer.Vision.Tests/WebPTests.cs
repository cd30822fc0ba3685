using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Tests;

/// <summary>The library's own encoder, lossless, makes the files.</summary>
public unsafe partial class WebPTests
{
    [LibraryImport("libwebp.so.7", EntryPoint = "WebPEncodeLosslessRGB")]
    private static partial nuint EncodeRgb(byte* pixels, int width, int height, int stride, byte** output);

    [LibraryImport("libwebp.so.7", EntryPoint = "WebPEncodeLosslessBGRA")]
    private static partial nuint EncodeBgra(byte* pixels, int width, int height, int stride, byte** output);

    [LibraryImport("libwebp.so.7", EntryPoint = "WebPFree")]
    private static partial void Free(byte* output);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(37, 21)]
    public void LosslessPixelsComeBack(int width, int height)
    {
        using Image image = ResamplingTests.RandomImage(width, height, seed: 1);
        ImageAssert.Equal(image, ImageDecoder.Decode(Encode(image)));
    }

    [Fact]
    public void AlphaIsDropped()
    {
        byte[] pixels = new byte[8 * 8 * 4];
        new Random(2).NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = (byte)Math.Max((int)pixels[i], 1);
        byte* output;
        byte[] file;
        fixed (byte* source = pixels)
            file = Take((int)EncodeBgra(source, 8, 8, 32, &output), output);
        using Image image = ImageDecoder.Decode(file);
        for (int i = 0; i < 64; i++)
            Assert.Equal((pixels[4 * i + 2], pixels[4 * i + 1], pixels[4 * i]), (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]));
    }

    [Fact]
    public void TruncatedFilesAreRefused()
    {
        using Image image = ResamplingTests.RandomImage(16, 16, seed: 3);
        byte[] file = Encode(image);
        for (int length = 12; length < file.Length - 1; length += 7)
            Assert.Throws<ImageException>(() => ImageDecoder.Decode(file.AsSpan(0, length)));
    }

    internal static byte[] Encode(Image image)
    {
        byte* output;
        fixed (byte* source = image.Pixels)
            return Take((int)EncodeRgb(source, image.Width, image.Height, image.Stride, &output), output);
    }

    private static byte[] Take(int size, byte* output)
    {
        byte[] file = new ReadOnlySpan<byte>(output, size).ToArray();
        Free(output);
        return file;
    }
}
