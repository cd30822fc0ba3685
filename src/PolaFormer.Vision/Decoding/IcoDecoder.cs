using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>Windows icons: of several pictures the largest, and of equal ones the one with the most colours. It is a PNG, or a bitmap without its file header over a mask.</summary>
internal static class IcoDecoder
{
    private const int HeaderBytes = 6, EntryBytes = 16;

    public static bool Matches(ReadOnlySpan<byte> data) => data.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]);

    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options)
    {
        if (data.Length < HeaderBytes)
            throw Truncated();
        int count = BinaryPrimitives.ReadUInt16LittleEndian(data[4..]);
        if (data.Length < HeaderBytes + (count * EntryBytes))
            throw Truncated();
        Entry? best = null;
        for (int i = 0; i < count; i++)
        {
            Entry entry = Entry.Read(data.Slice(HeaderBytes + (i * EntryBytes), EntryBytes));
            // Of twins the last one counts.
            if (best is null || (entry.Pixels, entry.ColourBits).CompareTo((best.Value.Pixels, best.Value.ColourBits)) >= 0)
                best = entry;
        }
        if (best is not { } chosen)
            throw new ImageException("ICO: it holds no picture");
        if (chosen.Offset > data.Length)
            throw Truncated();
        ReadOnlySpan<byte> picture = data[(int)chosen.Offset..];
        return PngChunks.Matches(picture) ? PngDecoder.Decode(picture, options, out _) : BmpDecoder.DecodeIcon(picture, chosen.Bits, chosen.Size, options);
    }

    private readonly record struct Entry(int Pixels, int ColourBits, int Bits, uint Size, uint Offset)
    {
        public static Entry Read(ReadOnlySpan<byte> data)
        {
            int width = data[0] == 0 ? 256 : data[0], height = data[1] == 0 ? 256 : data[1];
            int bits = BinaryPrimitives.ReadUInt16LittleEndian(data[6..]);
            int ofColours = data[2] == 0 ? 0 : (int)Math.Ceiling(Math.Log2(data[2]));
            return new(width * height, bits != 0 ? bits : ofColours != 0 ? ofColours : 256, bits,
                BinaryPrimitives.ReadUInt32LittleEndian(data[8..]), BinaryPrimitives.ReadUInt32LittleEndian(data[12..]));
        }
    }

    private static ImageException Truncated() => new("ICO: the file is truncated");
}
