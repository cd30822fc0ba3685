using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>What the headers of a bitmap say, within what Pillow 9.4 reads.</summary>
internal readonly record struct BmpHeader
{
    public const uint Raw = 0, Rle8 = 1, Rle4 = 2, BitFields = 3;

    private const int FileHeaderBytes = 14;
    private const int CoreHeaderBytes = 12;

    public long Width { get; private init; }

    public long Height { get; init; }

    public int Bits { get; private init; }

    public uint Compression { get; private init; }

    public bool IsRunLength => Compression is Rle8 or Rle4;

    public bool TopDown { get; private init; }

    public long PixelOffset { get; private init; }

    /// <summary>Position of the red, green and blue byte in a pixel of 24 or 32 bits.</summary>
    public int RedByte { get; private init; }

    public int GreenByte { get; private init; }

    public int BlueByte { get; private init; }

    /// <summary>5 or 6, in a pixel of 16 bits.</summary>
    public int GreenBits { get; private init; }

    private int PaletteOffset { get; init; }

    private int PaletteEntries { get; init; }

    /// <summary>3 in OS/2 files, else 4.</summary>
    private int PaletteEntryBytes { get; init; }

    public static BmpHeader Read(ReadOnlySpan<byte> data, bool hasFileHeader = true)
    {
        int start = hasFileHeader ? FileHeaderBytes : 0;
        if (data.Length < start + 4)
            throw new ImageException("BMP: truncated in the header");
        uint pixelOffset = hasFileHeader ? BinaryPrimitives.ReadUInt32LittleEndian(data[10..]) : 0;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(data[start..]);
        if (size is not (CoreHeaderBytes or 40 or 64 or 108 or 124))
            throw new ImageException($"BMP: unsupported header of {size} bytes");
        if (size > data.Length - start)
            throw new ImageException("BMP: truncated in the header");
        ReadOnlySpan<byte> info = data.Slice(start, (int)size);
        BmpHeader header = size == CoreHeaderBytes ? ReadCore(info) : ReadInfo(info);
        if (header.Bits is not (1 or 4 or 8 or 16 or 24 or 32))
            throw new ImageException($"BMP: unsupported depth of {header.Bits} bits");

        int end = start + (int)size;
        header = header with { RedByte = 2, GreenByte = 1, BlueByte = 0, GreenBits = 5 };
        if (header.Compression == BitFields)
            header = header.WithMasks(data, size == 40 ? end : start + 40, ref end);
        else if (header.Compression is not (Raw or Rle8 or Rle4))
            throw new ImageException($"BMP: unsupported compression {header.Compression}");

        if (header.Bits <= 8)
            header = header.WithPalette(data, end, ref end);
        return header with { PixelOffset = pixelOffset != 0 && pixelOffset != start + size ? pixelOffset : end };
    }

    private static BmpHeader ReadCore(ReadOnlySpan<byte> info) => new()
    {
        Width = BinaryPrimitives.ReadUInt16LittleEndian(info[4..]),
        Height = BinaryPrimitives.ReadUInt16LittleEndian(info[6..]),
        Bits = BinaryPrimitives.ReadUInt16LittleEndian(info[10..]),
        PaletteEntryBytes = 3,
    };

    private static BmpHeader ReadInfo(ReadOnlySpan<byte> info)
    {
        uint height = BinaryPrimitives.ReadUInt32LittleEndian(info[8..]);
        // A small negative height means rows from the top.
        bool topDown = height >> 24 == 0xFF;
        return new()
        {
            Width = BinaryPrimitives.ReadUInt32LittleEndian(info[4..]),
            Height = topDown ? (1L << 32) - height : height,
            TopDown = topDown,
            Bits = BinaryPrimitives.ReadUInt16LittleEndian(info[14..]),
            Compression = BinaryPrimitives.ReadUInt32LittleEndian(info[16..]),
            PaletteEntries = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(info[32..])),
            PaletteEntryBytes = 4,
        };
    }

    private BmpHeader WithMasks(ReadOnlySpan<byte> data, int position, ref int end)
    {
        bool inHeader = position < end;
        if (data.Length - position < 16)
            throw new ImageException("BMP: truncated in the header");
        uint red = BinaryPrimitives.ReadUInt32LittleEndian(data[position..]);
        uint green = BinaryPrimitives.ReadUInt32LittleEndian(data[(position + 4)..]);
        uint blue = BinaryPrimitives.ReadUInt32LittleEndian(data[(position + 8)..]);
        uint alpha = inHeader ? BinaryPrimitives.ReadUInt32LittleEndian(data[(position + 12)..]) : 0;
        if (!inHeader)
            end += 12;
        return (Bits, red, green, blue, alpha) switch
        {
            (32, 0xFF0000, 0xFF00, 0xFF, 0 or 0xFF000000) or (32, 0, 0, 0, 0) or (24, 0xFF0000, 0xFF00, 0xFF, _) => this,
            (32, 0xFF000000, 0xFF0000, 0xFF00, 0 or 0xFF) => this with { RedByte = 3, GreenByte = 2, BlueByte = 1 },
            (32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000) => this with { RedByte = 0, GreenByte = 1, BlueByte = 2 },
            (16, 0xF800, 0x7E0, 0x1F, _) => this with { GreenBits = 6 },
            (16, 0x7C00, 0x3E0, 0x1F, _) => this,
            _ => throw new ImageException("BMP: unsupported bit-field layout"),
        };
    }

    private BmpHeader WithPalette(ReadOnlySpan<byte> data, int position, ref int end)
    {
        int entries = PaletteEntries == 0 ? 1 << Bits : PaletteEntries;
        if (entries is < 0 or > 256)
            throw new ImageException($"BMP: a palette of {entries} entries is not possible");
        end = Math.Min(position + (entries * PaletteEntryBytes), data.Length);
        return this with { PaletteOffset = position, PaletteEntries = entries };
    }

    /// <summary>The palette as RGB; entries that the file does not give are a gray ramp.</summary>
    public void FillPalette(ReadOnlySpan<byte> data, Span<byte> palette)
    {
        for (int i = 0; i < 256; i++)
        {
            int at = PaletteOffset + (i * PaletteEntryBytes);
            Span<byte> entry = palette.Slice(i * Image.Channels, Image.Channels);
            if (i < PaletteEntries && at + Image.Channels <= data.Length)
                (entry[0], entry[1], entry[2]) = (data[at + 2], data[at + 1], data[at]);
            else
                entry.Fill((byte)i);
        }
    }
}
