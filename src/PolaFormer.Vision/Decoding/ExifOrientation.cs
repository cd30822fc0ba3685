using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>Reads the orientation tag (0x0112) of an EXIF block, and nothing else. Anything odd counts as orientation 1.</summary>
internal static class ExifOrientation
{
    private const int Tag = 0x0112;
    private const int EntryBytes = 12;
    private const int TypeShort = 3;
    private const int TypeLong = 4;

    /// <param name="tiff">The block from its byte-order mark on: "II" or "MM", 42, the offset of the first directory.</param>
    /// <returns>1 … 8.</returns>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8)
            return 1;
        bool little = tiff.StartsWith("II*\0"u8);
        if (!little && !tiff.StartsWith("MM\0*"u8))
            return 1;
        uint directory = UInt32(tiff[4..], little);
        if (directory > tiff.Length - 2)
            return 1;
        ReadOnlySpan<byte> entries = tiff[(int)directory..];
        int count = UInt16(entries, little);
        entries = entries[2..];
        for (int i = 0; i < count && entries.Length >= EntryBytes; i++, entries = entries[EntryBytes..])
        {
            if (UInt16(entries, little) != Tag)
                continue;
            uint value = UInt16(entries[2..], little) switch
            {
                TypeShort => (uint)UInt16(entries[8..], little),
                TypeLong => UInt32(entries[8..], little),
                _ => 1,
            };
            return value is >= 1 and <= 8 ? (int)value : 1;
        }
        return 1;
    }

    private static int UInt16(ReadOnlySpan<byte> data, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint UInt32(ReadOnlySpan<byte> data, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
