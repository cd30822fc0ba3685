using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>Windows and OS/2 bitmaps: 1, 4, 8, 16, 24 and 32 bits, run-length coding, and the bit-field layouts that Pillow knows.</summary>
internal static class BmpDecoder
{
    public static bool Matches(ReadOnlySpan<byte> data) => data.StartsWith("BM"u8);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        BmpHeader header = BmpHeader.Read(data);
        ImageDecoder.CheckSize(header.Width, header.Height, options);
        return header.IsRunLength ? DecodeRuns(data, header) : DecodeRows(data, header);
    }

    /// <summary>
    /// A bitmap in an icon: it has no file header, and its height counts the mask of transparency below the picture, which has to be there and
    /// is not looked at otherwise.
    /// </summary>
    /// <param name="data">From the bitmap on.</param>
    /// <param name="bits">Bits a pixel, as the icon says: with 32 the mask is the fourth byte of the pixels.</param>
    /// <param name="size">Bytes of the bitmap, as the icon says.</param>
    /// <param name="options">Limits.</param>
    public static Image DecodeIcon(ReadOnlySpan<byte> data, int bits, long size, ImageDecodeOptions options)
    {
        BmpHeader header = BmpHeader.Read(data, hasFileHeader: false);
        ImageDecoder.CheckSize(header.Width, header.Height, options);
        header = header with { Height = header.Height / 2 };
        ImageDecoder.CheckSize(header.Width, header.Height, options);
        long mask = (header.Width + 31) / 32 * 4 * header.Height;
        if (bits == 32 ? header.PixelOffset + (header.Width * header.Height * 4) > data.Length : size > data.Length || size < mask)
            throw new ImageException("ICO: the mask of transparency is truncated");
        return header.IsRunLength ? DecodeRuns(data, header) : DecodeRows(data, header);
    }

    private static Image DecodeRows(ReadOnlySpan<byte> data, BmpHeader header)
    {
        int width = (int)header.Width, height = (int)header.Height;
        long rowBytes = (((long)width * header.Bits) + 7) / 8, stride = (((long)width * header.Bits) + 31) / 32 * 4;
        // The padding of the last row may be missing.
        if (header.PixelOffset + (stride * (height - 1)) + rowBytes > data.Length)
            throw new ImageException("BMP: the file is truncated");
        Span<byte> palette = stackalloc byte[256 * Image.Channels];
        if (header.Bits <= 8)
            header.FillPalette(data, palette);

        var image = new Image(width, height);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = data.Slice((int)(header.PixelOffset + (stride * y)), (int)rowBytes);
            Span<byte> pixels = image.Row(header.TopDown ? y : height - 1 - y);
            if (header.Bits <= 8)
                Look(row, header.Bits, palette, pixels);
            else if (header.Bits == 16)
                Unpack16(row, header.GreenBits, pixels);
            else
                Pick(row, header.Bits / 8, header.RedByte, header.GreenByte, header.BlueByte, pixels);
        }
        return image;
    }

    private static void Look(ReadOnlySpan<byte> row, int bits, ReadOnlySpan<byte> palette, Span<byte> pixels)
    {
        int mask = (1 << bits) - 1;
        for (int x = 0, at = 0; at < pixels.Length; x += bits, at += Image.Channels)
        {
            int index = (row[x >> 3] >> (8 - bits - (x & 7))) & mask;
            palette.Slice(index * Image.Channels, Image.Channels).CopyTo(pixels[at..]);
        }
    }

    /// <summary>5 bits of blue lowest, then 5 or 6 of green, then 5 of red, stretched to 0 … 255 rounding down.</summary>
    private static void Unpack16(ReadOnlySpan<byte> row, int greenBits, Span<byte> pixels)
    {
        int greenMask = (1 << greenBits) - 1;
        for (int x = 0, at = 0; at < pixels.Length; x += 2, at += Image.Channels)
        {
            int value = BinaryPrimitives.ReadUInt16LittleEndian(row[x..]);
            pixels[at] = (byte)(((value >> (5 + greenBits)) & 31) * 255 / 31);
            pixels[at + 1] = (byte)(((value >> 5) & greenMask) * 255 / greenMask);
            pixels[at + 2] = (byte)((value & 31) * 255 / 31);
        }
    }

    private static void Pick(ReadOnlySpan<byte> row, int bytes, int red, int green, int blue, Span<byte> pixels)
    {
        for (int x = 0, at = 0; at < pixels.Length; x += bytes, at += Image.Channels)
        {
            pixels[at] = row[x + red];
            pixels[at + 1] = row[x + green];
            pixels[at + 2] = row[x + blue];
        }
    }

    private static Image DecodeRuns(ReadOnlySpan<byte> data, BmpHeader header)
    {
        if (header.Bits > 8)
            throw new ImageException($"BMP: run-length coding with {header.Bits} bits a pixel does not exist");
        int width = (int)header.Width, height = (int)header.Height;
        Span<byte> palette = stackalloc byte[256 * Image.Channels];
        header.FillPalette(data, palette);
        byte[] indices = new byte[width * height];
        BmpRunLength.Decode(data, (int)Math.Min(header.PixelOffset, data.Length), header.Compression == BmpHeader.Rle4, width, indices);

        var image = new Image(width, height);
        for (int y = 0; y < height; y++)
            Look(indices.AsSpan(y * width, width), 8, palette, image.Row(header.TopDown ? y : height - 1 - y));
        return image;
    }
}
