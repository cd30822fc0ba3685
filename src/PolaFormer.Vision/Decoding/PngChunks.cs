using System.Buffers.Binary;
using PolaFormer.Files;

namespace PolaFormer.Vision.Decoding;

/// <summary>The chunks in front of the image data, checked as Pillow checks them: names, lengths, checksums, known depths and colour types.</summary>
internal readonly ref struct PngChunks
{
    public const int Gray = 0, Rgb = 2, Palette = 3, GrayAlpha = 4, Rgba = 6;

    private const int HeaderBytes = 13;

    public int Width { get; private init; }

    public int Height { get; private init; }

    public int BitDepth { get; private init; }

    public int ColorType { get; private init; }

    /// <summary>Red, green, blue of each palette entry, as many as the file gives.</summary>
    public ReadOnlySpan<byte> PaletteEntries { get; private init; }

    public int Orientation { get; private init; }

    /// <summary>Whether the rows come in the seven passes of Adam7.</summary>
    public bool IsInterlaced { get; private init; }

    public int Channels => ColorType switch { Gray or Palette => 1, GrayAlpha => 2, Rgb => 3, _ => 4 };

    /// <summary>Bytes of a row as stored: below 8 bits, samples are packed.</summary>
    public long RowBytes => (((long)Width * Channels * BitDepth) + 7) / 8;

    public static bool Matches(ReadOnlySpan<byte> data) => data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);

    /// <summary>Reads up to the first image data chunk.</summary>
    public static PngChunks Read(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> header = default, palette = default;
        int orientation = 1;
        int position = 8;
        while (true)
        {
            if (data.Length - position < 8)
                throw new ImageException("PNG: the file ends before the image data");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data[position..]);
            ReadOnlySpan<byte> name = data.Slice(position + 4, 4);
            foreach (byte letter in name)
                if (!char.IsAsciiLetterOrDigit((char)letter) && letter != '_')
                    throw new ImageException("PNG: broken chunk name");
            if (name.SequenceEqual("IEND"u8))
                throw new ImageException("PNG: no image data");
            if (name.SequenceEqual("IDAT"u8))
                break;
            if (length > data.Length - position - 12)
                throw new ImageException("PNG: truncated in the header");

            ReadOnlySpan<byte> body = data.Slice(position + 8, (int)length);
            if (Crc32.Append(0, data.Slice(position + 4, 4 + (int)length)) != BinaryPrimitives.ReadUInt32BigEndian(data[(position + 8 + (int)length)..]))
                throw new ImageException("PNG: wrong checksum in the header");
            if (name.SequenceEqual("IHDR"u8))
                header = body;
            else if (name.SequenceEqual("PLTE"u8))
                palette = body;
            else if (name.SequenceEqual("eXIf"u8))
                orientation = ExifOrientation.Read(body);
            position += 12 + (int)length;
        }
        if (header.Length < HeaderBytes)
            throw new ImageException("PNG: no header chunk");
        return FromHeader(header, palette, orientation);
    }

    /// <summary>
    /// The file without what pixels do not need: chunks of text and colour profiles, which the library unpacks to whatever size they have.
    /// Only for files that <see cref="Read"/> accepts.
    /// </summary>
    public static ReadOnlySpan<byte> WithoutExtras(ReadOnlySpan<byte> data)
    {
        var result = new MemoryStream(data.Length);
        result.Write(data[..8]);
        bool inImage = false;
        for (int position = 8; data.Length - position >= 8;)
        {
            ReadOnlySpan<byte> name = data.Slice(position + 4, 4);
            bool isImage = name.SequenceEqual("IDAT"u8);
            // The image data lie together; what follows them is not looked at.
            if (inImage && !isImage)
            {
                result.Write([0, 0, 0, 0, .. "IEND"u8, 0xAE, 0x42, 0x60, 0x82]);
                break;
            }
            inImage = isImage;
            int bytes = (int)Math.Min(12L + BinaryPrimitives.ReadUInt32BigEndian(data[position..]), data.Length - position);
            // A capital letter says that a chunk is needed.
            if (char.IsAsciiLetterUpper((char)name[0]))
                result.Write(data.Slice(position, bytes));
            position += bytes;
        }
        return result.GetBuffer().AsSpan(0, (int)result.Length);
    }

    private static PngChunks FromHeader(ReadOnlySpan<byte> header, ReadOnlySpan<byte> palette, int orientation)
    {
        int depth = header[8], colorType = header[9];
        bool known = colorType switch
        {
            Gray => depth is 1 or 2 or 4 or 8 or 16,
            Palette => depth is 1 or 2 or 4 or 8,
            Rgb or GrayAlpha or Rgba => depth is 8 or 16,
            _ => false,
        };
        if (!known)
            throw new ImageException($"PNG: colour type {colorType} with {depth} bits does not exist");
        if (header[10] != 0 || header[11] != 0 || header[12] > 1)
            throw new ImageException("PNG: unknown compression, filter or interlace method");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header), height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        return new()
        {
            Width = width > int.MaxValue ? int.MaxValue : (int)width,
            Height = height > int.MaxValue ? int.MaxValue : (int)height,
            BitDepth = depth,
            ColorType = colorType,
            IsInterlaced = header[12] == 1,
            PaletteEntries = palette,
            Orientation = orientation,
        };
    }
}
