using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>GIF, the first frame: indices over the frame's palette, or the file's. Around a frame that does not fill the picture lies the transparent index, or 0.</summary>
internal static class GifDecoder
{
    private const byte Extension = (byte)'!', Frame = (byte)',', Trailer = (byte)';';
    private const int ScreenBytes = 13, FrameBytes = 9, GraphicControl = 0xF9, HasPalette = 0x80, IsInterlaced = 0x40;

    public static bool Matches(ReadOnlySpan<byte> data) => data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        if (data.Length < ScreenBytes)
            throw Truncated();
        int width = UInt16(data, 6), height = UInt16(data, 8), position = ScreenBytes;
        ReadOnlySpan<byte> palette = ReadPalette(data, data[10], ref position), framePalette;
        byte outside = FindFrame(data, ref position);

        ReadOnlySpan<byte> frame = Take(data, FrameBytes, ref position);
        int left = UInt16(frame, 0), top = UInt16(frame, 2), frameWidth = UInt16(frame, 4), frameHeight = UInt16(frame, 6);
        // A frame may make the picture larger than it was said to be.
        (width, height) = (Math.Max(width, left + frameWidth), Math.Max(height, top + frameHeight));
        ImageDecoder.CheckSize(width, height, options);
        framePalette = ReadPalette(data, frame[8], ref position);
        int codeBits = Take(data, 1, ref position)[0];

        byte[] indices = GifLzw.Decode(data[position..], codeBits, frameWidth, frameHeight, (frame[8] & IsInterlaced) != 0);
        if (!framePalette.IsEmpty)
            palette = framePalette;
        var image = new Image(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = image.Row(y);
            if (y < top || y >= top + frameHeight)
            {
                Paint([outside], palette, row);
                continue;
            }
            Paint([outside], palette, row[..(left * Image.Channels)]);
            Paint(indices.AsSpan((y - top) * frameWidth, frameWidth), palette, row.Slice(left * Image.Channels, frameWidth * Image.Channels));
            Paint([outside], palette, row[((left + frameWidth) * Image.Channels)..]);
        }
        return image;
    }

    /// <summary>Passes over everything in front of the first frame; gives the index that is transparent in it, or 0.</summary>
    private static byte FindFrame(ReadOnlySpan<byte> data, scoped ref int position)
    {
        byte transparent = 0;
        while (true)
        {
            byte kind = Take(data, 1, ref position)[0];
            if (kind == Frame)
                return transparent;
            if (kind == Trailer)
                throw new ImageException("GIF: it holds no picture");
            // Bytes between blocks are passed over.
            if (kind != Extension)
                continue;
            byte label = Take(data, 1, ref position)[0];
            for (bool isFirst = true; Take(data, 1, ref position)[0] is > 0 and var length; isFirst = false)
            {
                ReadOnlySpan<byte> block = Take(data, length, ref position);
                if (!isFirst || label != GraphicControl || (block[0] & 1) == 0)
                    continue;
                if (length < 4)
                    throw new ImageException("GIF: a control block is too short");
                transparent = block[3];
            }
        }
    }

    /// <summary>Red, green and blue of each entry; empty where there is no palette, or one of the gray levels that indices stand for anyhow.</summary>
    private static ReadOnlySpan<byte> ReadPalette(ReadOnlySpan<byte> data, byte flags, scoped ref int position)
    {
        if ((flags & HasPalette) == 0)
            return [];
        ReadOnlySpan<byte> palette = Take(data, Image.Channels << ((flags & 7) + 1), ref position);
        for (int i = 0; i < palette.Length; i++)
        {
            if (palette[i] != i / Image.Channels)
                return palette;
        }
        return [];
    }

    /// <summary>Looks indices up; a single one is that of all pixels. Indices beyond the palette are gray levels.</summary>
    private static void Paint(ReadOnlySpan<byte> indices, ReadOnlySpan<byte> palette, Span<byte> pixels)
    {
        for (int i = 0; !pixels.IsEmpty; pixels = pixels[Image.Channels..])
        {
            byte index = indices[i];
            if (indices.Length > 1)
                i++;
            int entry = index * Image.Channels;
            if (entry < palette.Length)
                palette.Slice(entry, Image.Channels).CopyTo(pixels);
            else
                pixels[..Image.Channels].Fill(index);
        }
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> data, int length, scoped ref int position)
    {
        if (length > data.Length - position)
            throw Truncated();
        position += length;
        return data.Slice(position - length, length);
    }

    private static int UInt16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static ImageException Truncated() => new("GIF: the file is truncated");
}
