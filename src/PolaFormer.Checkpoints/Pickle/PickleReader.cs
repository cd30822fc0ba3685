using System.Buffers.Binary;
using System.Text;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>Reads the arguments of opcodes; never past the end.</summary>
internal ref struct PickleReader(ReadOnlySpan<byte> input, string file, string part)
{
    private const int MaxLine = 4096;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _input = input;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public byte Byte() => Bytes(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public double DoubleBigEndian() => BinaryPrimitives.ReadDoubleBigEndian(Bytes(8));

    public ReadOnlySpan<byte> Bytes(ulong count)
    {
        if (count > (ulong)(_input.Length - Position))
            throw Fault($"{count} bytes are announced where {_input.Length - Position} are left; the file is cut off or damaged. Copy it again");
        ReadOnlySpan<byte> bytes = _input.Slice(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    public string Utf8(ulong count)
    {
        ReadOnlySpan<byte> bytes = Bytes(count);
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Fault("a string is not UTF-8; the file is damaged");
        }
    }

    /// <summary>A string of Python 2: one character a byte, which keeps raw bytes as they are.</summary>
    public string Latin1(ulong count) => Encoding.Latin1.GetString(Bytes(count));

    /// <summary>The text up to the next line feed, which is taken too.</summary>
    public string Line()
    {
        ReadOnlySpan<byte> rest = _input.Slice(Position, Math.Min(MaxLine, _input.Length - Position));
        int length = rest.IndexOf((byte)'\n');
        if (length < 0)
            throw Fault($"a line does not end within {MaxLine} bytes; the file is damaged");
        string line = Utf8((ulong)length);
        Position++;
        return line;
    }

    public readonly CheckpointException Fault(string what) => new(file, $"{part}, byte {Position}: {what}.");
}
