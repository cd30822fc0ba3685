using System.Buffers.Binary;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision.Tests;

public class DecoderLimitTests
{
    [Theory]
    [InlineData("decode_jpeg/q75_420.jpg")]
    [InlineData("decode_png/rgb.png")]
    [InlineData("decode_png/palette.png")]
    public void ImagesAboveThePixelLimitAreRefused(string file)
    {
        string path = SharedData.Fixture($"E_images/{file}");
        using Image image = ImageDecoder.Decode(path, new() { PixelLimit = 7500 });
        Assert.Equal(7500, image.Width * image.Height);
        var error = Assert.Throws<ImageException>(() => ImageDecoder.Decode(path, new() { PixelLimit = 7499 }));
        Assert.StartsWith(path + ": 100×75 pixels exceed the limit", error.Message);
    }

    [Theory]
    [InlineData(50, 100, 75)]
    [InlineData(38, 50, 38)]
    [InlineData(75, 100, 75)]
    [InlineData(1, 13, 10)]
    [InlineData(1000, 100, 75)]
    public void AJpegCanBeDecodedAtAReducedScale(int minimum, int width, int height)
    {
        using Image image = ImageDecoder.Decode(SharedData.Fixture("E_images/decode_jpeg/q75_420.jpg"), new() { MinimumSize = minimum });
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    [Theory]
    [InlineData(75, 100, 75)]
    [InlineData(38, 50, 38)]
    public void AFastDecodeShowsThePicture(int minimum, int width, int height)
    {
        string path = SharedData.Fixture("E_images/decode_jpeg/q75_420.jpg");
        using Image exact = ImageDecoder.Decode(path), fast = ImageDecoder.Decode(path, new() { MinimumSize = minimum });
        using Image expected = Resampling.Resize(exact, width, height, ResamplingFilter.Box);
        double difference = 0;
        for (int i = 0; i < expected.Pixels.Length; i++)
            difference += Math.Abs(expected.Pixels[i] - fast.Pixels[i]);
        // At full size SkiaSharp's pixels are exact, libjpeg-turbo's are not.
        Assert.InRange(difference / expected.Pixels.Length, width < exact.Width ? 0.01 : 0, 10);
    }

    [Theory]
    [InlineData("plain.gif")]
    [InlineData("little_tiles_8.tif")]
    [InlineData("bigtiff.tif")]
    [InlineData("colour.ppm")]
    [InlineData("text_gray_7.pgm")]
    [InlineData("bitmap_24.ico")]
    [InlineData("lossy.webp")]
    public void OtherFormatsKeepToThePixelLimit(string name)
    {
        byte[] file = FormatReferenceTests.Read(name);
        using Image image = ImageDecoder.Decode(file, new() { PixelLimit = 16 * 16 * 2 });
        Assert.Equal((13, 11), (image.Width, image.Height));
        Assert.Contains("exceed the limit", Assert.Throws<ImageException>(() => ImageDecoder.Decode(file, new() { PixelLimit = 142 })).Message);
    }

    [Theory]
    [InlineData(262_145, 1)]
    [InlineData(1, 262_145)]
    public void ASideThatIsTooLongIsRefused(int width, int height) =>
        Assert.EndsWith("a side is longer than 262144", Assert.Throws<ImageException>(() => ImageDecoder.Decode([.. System.Text.Encoding.ASCII.GetBytes($"P5 {width} {height} 255\n"), .. new byte[width * height]])).Message);

    [Fact]
    public void AnImageThatIsTooNarrowForItsNewSizeIsRefused()
    {
        using var image = new Image(1, 262_144);
        Assert.Contains("cannot be resized", Assert.Throws<ImageException>(() => Resampling.Resize(image, 4096, 4096, ResamplingFilter.Bicubic)).Message);
    }

    [Theory]
    [InlineData("P5 100000 1700 255\n", "PNM: the file is truncated")]
    [InlineData("P1 100000 1700\n", "PNM: the file is truncated")]
    [InlineData("P4 100000 1700\n", "PNM: the file is truncated")]
    [InlineData("P6 9999999999 9999999999 255\n", "PNM: 9999999999 is too large")]
    [InlineData("P6 5 5 0\n", "PNM: a largest value of 0")]
    [InlineData("P6 -5 5 255\n", "PNM: a number is expected")]
    [InlineData("P2 2 1 9\n5 10\n", "PNM: a value of 10 is above the largest, 9")]
    public void WrongPixmapsAreOneLine(string file, string message) =>
        Assert.StartsWith(message, Assert.Throws<ImageException>(() => ImageDecoder.Decode(System.Text.Encoding.ASCII.GetBytes(file))).Message);

    [Theory]
    [InlineData((int)TiffTag.StripOffsets, 0x7FFFFFFF, "truncated")]
    [InlineData((int)TiffTag.ImageWidth, 0x7FFFFFFF, "exceed the limit")]
    [InlineData((int)TiffTag.ImageLength, 200_000, "StripOffsets is missing or too short")]
    [InlineData((int)TiffTag.RowsPerStrip, 1, "StripOffsets is missing or too short")]
    [InlineData((int)TiffTag.SamplesPerPixel, 60_000, "60000 samples a pixel")]
    [InlineData((int)TiffTag.Compression, 7, "packed with JPEG")]
    [InlineData((int)TiffTag.Compression, 4, "packed with CCITT fax")]
    [InlineData((int)TiffTag.PhotometricInterpretation, 6, "pixels of kind 6")]
    public void WrongTiffsAreOneLine(int tag, int value, string message)
    {
        byte[] file = FormatReferenceTests.Read("pillow_RGB_raw.tif");
        int directory = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4));
        for (int i = 0; i < BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(directory)); i++)
        {
            Span<byte> entry = file.AsSpan(directory + 2 + (12 * i), 12);
            if (BinaryPrimitives.ReadUInt16LittleEndian(entry) != tag)
                continue;
            BinaryPrimitives.WriteInt16LittleEndian(entry[2..], 4);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], value);
        }
        Assert.Contains(message, Assert.Throws<ImageException>(() => ImageDecoder.Decode(file)).Message);
    }

    [Fact]
    public void WhatIsNoImageIsSaid()
    {
        Assert.Equal("the file is empty", Assert.Throws<ImageException>(() => ImageDecoder.Decode([])).Message);
        Assert.Equal("not a JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO image", Assert.Throws<ImageException>(() => ImageDecoder.Decode("<html>"u8)).Message);
        Assert.StartsWith("/nowhere.png: ", Assert.Throws<ImageException>(() => ImageDecoder.Decode("/nowhere.png")).Message);
    }

    [Fact]
    public void ALibraryThatIsNotInstalledIsNotUsed() => Assert.False(new NativeCodec("x", "libnothing-of-the-kind.so.0").IsUsed);

    [Fact]
    public void OrientationBlocksOfBothByteOrdersAreRead()
    {
        for (ushort orientation = 0; orientation < 10; orientation++)
        {
            byte[] little = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0];
            byte[] big = [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0];
            int expected = orientation is >= 1 and <= 8 ? orientation : 1;
            Assert.Equal(expected, ExifOrientation.Read(little));
            Assert.Equal(expected, ExifOrientation.Read(big));
        }
    }

    [Fact]
    public void OrientationBlocksOfAnyContentAreHarmless()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 20_000; trial++)
        {
            byte[] block = new byte[random.Next(40)];
            random.NextBytes(block);
            if (block.Length >= 8)
            {
                "II*\0"u8.CopyTo(block);
                BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), (uint)random.Next(0, 50));
            }
            Assert.InRange(ExifOrientation.Read(block), 1, 8);
        }
    }
}
