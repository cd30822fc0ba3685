using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>The first directory of a TIFF or BigTIFF file: numbers by tag. They are read where they lie, so no memory is taken for as many as the file claims.</summary>
internal readonly ref struct TiffDirectory
{
    private readonly ReadOnlySpan<byte> _data, _entries;
    private readonly bool _isBig;

    private TiffDirectory(ReadOnlySpan<byte> data, ReadOnlySpan<byte> entries, bool isLittleEndian, bool isBig)
    {
        _data = data;
        _entries = entries;
        IsLittleEndian = isLittleEndian;
        _isBig = isBig;
    }

    /// <summary>Byte order of the numbers here and of the samples.</summary>
    public bool IsLittleEndian { get; }

    private int EntryBytes => _isBig ? 20 : 12;

    public static bool Matches(ReadOnlySpan<byte> data) =>
        data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8) || data.StartsWith("II+\0"u8) || data.StartsWith("MM\0+"u8);

    public static TiffDirectory Read(ReadOnlySpan<byte> data)
    {
        bool isLittle = data[0] == 'I', isBig = data[isLittle ? 2 : 3] == '+';
        var file = new TiffDirectory(data, [], isLittle, isBig);
        long at = isBig ? file.Number(8, 8) : file.Number(4, 4), count = file.Number(at, isBig ? 8 : 2);
        at += isBig ? 8 : 2;
        if (count < 0 || at > data.Length || count > (data.Length - at) / file.EntryBytes)
            throw new ImageException("TIFF: the directory is truncated");
        return new(data, data.Slice((int)at, (int)count * file.EntryBytes), isLittle, isBig);
    }

    /// <summary>How many numbers a tag has; 0 where it is absent.</summary>
    public long Count(TiffTag tag) => Find(tag) is var entry && entry < 0 ? 0 : UInt(_entries[(entry + 4)..], _isBig ? 8 : 4);

    /// <summary>The first number of a tag, or what holds where it is absent.</summary>
    public long First(TiffTag tag, long otherwise) => Count(tag) > 0 ? Get(tag, 0) : otherwise;

    /// <summary>A number of a tag.</summary>
    /// <exception cref="ImageException">There are fewer, or they are not in the file, or no whole numbers.</exception>
    public long Get(TiffTag tag, long index)
    {
        int entry = Find(tag);
        if (entry < 0 || index >= Count(tag))
            throw new ImageException($"TIFF: {tag} is missing or too short");
        ReadOnlySpan<byte> header = _entries[entry..];
        int bytes = (int)UInt(header[2..], 2) switch
        {
            1 or 6 or 7 => 1,
            3 or 8 => 2,
            4 or 9 or 13 => 4,
            16 or 17 or 18 => 8,
            _ => throw new ImageException($"TIFF: {tag} holds no whole numbers"),
        };
        int fieldBytes = _isBig ? 8 : 4;
        ReadOnlySpan<byte> field = header.Slice(4 + fieldBytes, fieldBytes);
        if (Count(tag) <= fieldBytes / bytes)
            return UInt(field[(int)(index * bytes)..], bytes);
        long start = UInt(field, fieldBytes);
        return start < 0 || index > (_data.Length - start) / bytes ? throw new ImageException($"TIFF: {tag} is truncated") : Number(start + index * bytes, bytes);
    }

    private int Find(TiffTag tag)
    {
        for (int at = 0; at < _entries.Length; at += EntryBytes)
        {
            if (UInt(_entries[at..], 2) == (int)tag)
                return at;
        }
        return -1;
    }

    private long Number(long at, int bytes) =>
        at < 0 || at > _data.Length - bytes ? throw new ImageException("TIFF: the file is truncated") : UInt(_data[(int)at..], bytes);

    /// <summary>An unsigned number; one above 2⁶³ is negative here, and refused as such.</summary>
    private long UInt(ReadOnlySpan<byte> data, int bytes) => bytes switch
    {
        1 => data[0],
        2 => IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data),
        4 => IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data),
        _ => IsLittleEndian ? BinaryPrimitives.ReadInt64LittleEndian(data) : BinaryPrimitives.ReadInt64BigEndian(data),
    };
}
