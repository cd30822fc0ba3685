namespace PolaFormer.Vision.Decoding;

/// <summary>
/// TIFF, the first picture: gray, palette, RGB and CMYK in strips or tiles, plain or packed with LZW, Deflate or PackBits, of both byte orders.
/// The orientation is applied, as Pillow does for this format.
/// </summary>
internal static class TiffDecoder
{
    /// <summary>Bytes of a strip or tile that are taken for a picture of any size.</summary>
    private const long MaxTileBytes = 1 << 24;

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        TiffDirectory directory = TiffDirectory.Read(data);
        TiffLayout layout = TiffLayout.Read(directory);
        ImageDecoder.CheckSize(layout.Width, layout.Height, options);
        ImageDecoder.CheckSize(layout.TileWidth, layout.TileHeight, options);
        // A tile may be larger than the picture, but not by as much as it likes.
        long tileBytes = layout.RowBytes * layout.TileHeight * layout.Planes, pictureBytes = ((layout.Width * layout.Samples * layout.Bits) + 7) / 8 * layout.Height;
        if (tileBytes > Math.Max(MaxTileBytes, pictureBytes) || tileBytes > Array.MaxLength)
            throw new ImageException($"TIFF: a tile of {tileBytes} bytes is too large for the picture");
        // The directory has a place for each, and those are in the file: no memory is taken for a picture that is not there.
        long tiles = (layout.Width + layout.TileWidth - 1) / layout.TileWidth * ((layout.Height + layout.TileHeight - 1) / layout.TileHeight) * layout.Planes;
        bool isTiled = directory.Numbers(TiffTag.StripOffsets).Count == 0;
        TiffNumbers offsets = directory.Numbers(isTiled ? TiffTag.TileOffsets : TiffTag.StripOffsets), counts = directory.Numbers(isTiled ? TiffTag.TileByteCounts : TiffTag.StripByteCounts);
        _ = offsets[tiles - 1];
        if (tileBytes / layout.Planes / TiffCompression.MaxInflation(layout.Compression) > data.Length)
            throw TiffCompression.Truncated();
        var pixels = new TiffPixels(directory, layout);
        var image = new Image((int)layout.Width, (int)layout.Height);
        try
        {
            DecodeTiles(data, layout, offsets, counts, isTiled, pixels, image, new byte[tileBytes]);
        }
        catch
        {
            image.Dispose();
            throw;
        }
        int orientation = (int)Math.Clamp(directory.First(TiffTag.Orientation, 1), 0, 9);
        if (orientation is <= 1 or > 8)
            return image;
        using (image)
            return Orientation.Apply(image, orientation);
    }

    private static void DecodeTiles(ReadOnlySpan<byte> data, TiffLayout layout, TiffNumbers offsets, TiffNumbers counts, bool isTiled, TiffPixels pixels, Image image, byte[] buffer)
    {
        int tileWidth = (int)layout.TileWidth, tileHeight = (int)layout.TileHeight, rowBytes = (int)layout.RowBytes;
        int across = (image.Width + tileWidth - 1) / tileWidth, down = (image.Height + tileHeight - 1) / tileHeight;
        byte[] joined = layout.IsPlanar ? new byte[rowBytes * layout.Planes] : [];
        for (int i = 0; i < across * down; i++)
        {
            int left = i % across * tileWidth, top = i / across * tileHeight;
            int rows = Math.Min(tileHeight, image.Height - top), columns = Math.Min(tileWidth, image.Width - left);
            // A last strip has the rows that are left; tiles are whole.
            int planeBytes = rowBytes * (isTiled ? tileHeight : rows);
            for (int plane = 0; plane < layout.Planes; plane++)
            {
                long index = ((long)plane * across * down) + i;
                // The size is not needed to unpack, and some files have a wrong one.
                Read(data, layout, offsets[index], index < counts.Count ? counts[index] : 0, buffer.AsSpan(plane * planeBytes, planeBytes));
            }
            for (int y = 0; y < rows; y++)
            {
                ReadOnlySpan<byte> row = buffer.AsSpan(y * rowBytes, rowBytes);
                if (layout.IsPlanar)
                {
                    Join(buffer.AsSpan(y * rowBytes), planeBytes, layout.Planes, layout.Bits / 8, joined);
                    row = joined;
                }
                pixels.Unpack(row, image.Row(top + y).Slice(left * Image.Channels, columns * Image.Channels));
            }
        }
    }

    /// <summary>Puts the samples of pixels together that lie a plane apart.</summary>
    private static void Join(ReadOnlySpan<byte> row, int planeBytes, int samples, int sampleBytes, Span<byte> joined)
    {
        for (int plane = 0; plane < samples; plane++)
        {
            for (int from = plane * planeBytes, to = plane * sampleBytes; to < joined.Length; from += sampleBytes, to += samples * sampleBytes)
                row.Slice(from, sampleBytes).CopyTo(joined[to..]);
        }
    }

    /// <summary>The bytes of a strip or tile, unpacked.</summary>
    private static void Read(ReadOnlySpan<byte> data, TiffLayout layout, long offset, long length, Span<byte> target)
    {
        if (offset < 0 || offset > data.Length)
            throw TiffCompression.Truncated();
        ReadOnlySpan<byte> packed = data[(int)offset..];
        if (layout.Compression != 1 && length > 0 && length < packed.Length)
            packed = packed[..(int)length];
        if (layout.IsBitReversed)
            packed = Reversed(packed, layout.Compression == 1 ? target.Length : packed.Length);
        TiffCompression.Unpack(layout.Compression, packed, target);
        if (layout.IsPredicted)
        {
            for (int at = 0; at < target.Length; at += (int)layout.RowBytes)
                AddDifferences(target.Slice(at, (int)layout.RowBytes), layout);
        }
    }

    private static byte[] Reversed(ReadOnlySpan<byte> bytes, int length)
    {
        byte[] result = bytes[..Math.Min(length, bytes.Length)].ToArray();
        for (int i = 0; i < result.Length; i++)
        {
            int value = result[i];
            value = ((value & 0x55) << 1) | ((value >> 1) & 0x55);
            value = ((value & 0x33) << 2) | ((value >> 2) & 0x33);
            result[i] = (byte)((value << 4) | (value >> 4));
        }
        return result;
    }

    /// <summary>With a predictor each sample is stored as the difference from the one of the pixel to the left.</summary>
    private static void AddDifferences(Span<byte> row, TiffLayout layout)
    {
        int bytes = layout.Bits / 8, step = layout.SamplesTogether * bytes;
        for (int at = step; at + bytes <= row.Length; at += bytes)
        {
            int carry = 0;
            for (int k = 0; k < bytes; k++)
            {
                int place = at + (layout.IsLittleEndian ? k : bytes - 1 - k);
                int sum = row[place] + row[place - step] + carry;
                row[place] = (byte)sum;
                carry = sum >> 8;
            }
        }
    }
}
