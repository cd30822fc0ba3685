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

    /// <summary>The numbers of a tag; none where it is absent.</summary>
    /// <exception cref="ImageException">They are not in the file, or no whole numbers.</exception>
    public TiffNumbers Numbers(TiffTag tag)
    {
        int fieldBytes = _isBig ? 8 : 4;
        for (int at = 0; at < _entries.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> entry = _entries.Slice(at, EntryBytes);
            if (UInt(entry, 2) != (int)tag)
                continue;
            int bytes = (int)UInt(entry[2..], 2) switch
            {
                1 or 6 or 7 => 1,
                3 or 8 => 2,
                4 or 9 or 13 => 4,
                16 or 17 or 18 => 8,
                _ => throw new ImageException($"TIFF: {tag} holds no whole numbers"),
            };
            long count = UInt(entry[4..], fieldBytes);
            ReadOnlySpan<byte> field = entry.Slice(4 + fieldBytes, fieldBytes);
            if (count >= 0 && count <= fieldBytes / bytes)
                return new(tag, field[..(int)(count * bytes)], bytes, IsLittleEndian);
            long start = UInt(field, fieldBytes);
            if (start < 0 || start > _data.Length || count < 0 || count > (_data.Length - start) / bytes)
                throw new ImageException($"TIFF: {tag} is truncated");
            return new(tag, _data.Slice((int)start, (int)(count * bytes)), bytes, IsLittleEndian);
        }
        return new(tag, [], 1, IsLittleEndian);
    }

    /// <summary>The first number of a tag, or what holds where it is absent.</summary>
    public long First(TiffTag tag, long otherwise) => Numbers(tag) is { Count: > 0 } numbers ? numbers[0] : otherwise;

    private long Number(long at, int bytes) =>
        at < 0 || at > _data.Length - bytes ? throw new ImageException("TIFF: the file is truncated") : UInt(_data[(int)at..], bytes);

    private long UInt(ReadOnlySpan<byte> data, int bytes) => TiffNumbers.Read(data, bytes, IsLittleEndian);
}
