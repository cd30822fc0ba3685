using System.Buffers.Binary;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>An element type of NumPy: a kind and a size such as <c>f8</c>, and a byte order.</summary>
internal sealed class NumpyDType(string code)
{
    /// <summary>Set by the state that follows the type: <c>&lt;</c>, <c>&gt;</c>, <c>=</c> or <c>|</c>.</summary>
    public bool BigEndian { get; set; }

    /// <summary>The number the bytes hold as bool, long or double; null for a type that is no number.</summary>
    public object? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length is not (1 or 2 or 4 or 8))
            return null;
        Span<byte> bytes = stackalloc byte[source.Length];
        source.CopyTo(bytes);
        if (BigEndian)
            bytes.Reverse();
        return (code, bytes.Length) switch
        {
            ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ("f2", 2) => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            ("i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ("i2", 2) => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            ("i1", 1) => (long)(sbyte)bytes[0],
            ("u8", 8) when BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var value && value <= long.MaxValue => (long)value,
            ("u4", 4) => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            ("u2", 2) => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            ("u1", 1) => (long)bytes[0],
            ("b1", 1) => bytes[0] != 0,
            _ => null,
        };
    }
}
