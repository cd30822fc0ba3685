using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>The numbers of a TIFF's tag, where they lie in the file.</summary>
/// <param name="tag">For messages.</param>
/// <param name="data">Their bytes.</param>
/// <param name="bytes">Bytes of each.</param>
/// <param name="isLittleEndian">Their byte order.</param>
internal readonly ref struct TiffNumbers(TiffTag tag, ReadOnlySpan<byte> data, int bytes, bool isLittleEndian)
{
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>How many there are.</summary>
    public int Count => _data.Length / bytes;

    /// <summary>One of them.</summary>
    /// <exception cref="ImageException">There are fewer.</exception>
    public long this[long index] =>
        index < 0 || index >= Count ? throw new ImageException($"TIFF: {tag} is missing or too short") : Read(_data[(int)(index * bytes)..], bytes, isLittleEndian);

    /// <summary>An unsigned number; one above 2⁶³ is negative here, and refused as such.</summary>
    public static long Read(ReadOnlySpan<byte> data, int bytes, bool isLittleEndian) => bytes switch
    {
        1 => data[0],
        2 => isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data),
        4 => isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data),
        _ => isLittleEndian ? BinaryPrimitives.ReadInt64LittleEndian(data) : BinaryPrimitives.ReadInt64BigEndian(data),
    };
}
