using System.Buffers.Binary;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints.Zip;

/// <summary>
/// Writes a zip archive of stored entries as <c>torch.save</c> does: the data of each begins at a multiple of 64 bytes, with
/// an extra field <c>FB</c> filling the gap, so that tensors can be mapped.
/// </summary>
internal sealed class ZipWriter(Stream stream)
{
    /// <summary>Neither the archive nor its number of entries may need the 64-bit fields.</summary>
    public const long MaxBytes = uint.MaxValue, MaxEntries = ushort.MaxValue - 1;

    private const int Alignment = 64, LocalSize = 30, CentralSize = 46, EndSize = 22, CrcOffset = 14;
    private const ushort Version = 20, Utf8Names = 0x0800, FirstOfJanuary1980 = 0x21;

    private readonly MemoryStream _directory = new();
    private int _count;

    /// <summary>Adds an entry of bytes in memory.</summary>
    public void Add(string name, ReadOnlyMemory<byte> content) => Add(name, content.Length, write => write(content));

    /// <summary>Adds an entry whose bytes, <paramref name="length"/> in all, are delivered in pieces.</summary>
    public void Add(string name, long length, Action<Action<ReadOnlyMemory<byte>>> deliver)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        long start = stream.Position, unpadded = start + LocalSize + nameBytes.Length + 4;
        byte[] extra = new byte[4 + (int)(-unpadded & (Alignment - 1))];
        extra.AsSpan(4).Fill((byte)'Z');
        "FB"u8.CopyTo(extra);
        BinaryPrimitives.WriteUInt16LittleEndian(extra.AsSpan(2), (ushort)(extra.Length - 4));

        Span<byte> local = stackalloc byte[LocalSize];
        local.Clear();
        "PK\x3\x4"u8.CopyTo(local);
        WriteCommon(local[4..], 0, (uint)length, (ushort)nameBytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(local[28..], (ushort)extra.Length);
        stream.Write(local);
        stream.Write(nameBytes);
        stream.Write(extra);

        uint crc = 0;
        deliver(chunk =>
        {
            crc = Crc32.Append(crc, chunk.Span);
            stream.Write(chunk.Span);
        });
        if (stream.Position != start + LocalSize + nameBytes.Length + extra.Length + length)
            throw new InvalidOperationException($"{name} was announced with {length} bytes, which is not what was delivered.");
        PatchChecksum(start, crc);

        Span<byte> central = stackalloc byte[CentralSize];
        central.Clear();
        "PK\x1\x2"u8.CopyTo(central);
        BinaryPrimitives.WriteUInt16LittleEndian(central[4..], Version);
        WriteCommon(central[6..], crc, (uint)length, (ushort)nameBytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(central[42..], (uint)start);
        _directory.Write(central);
        _directory.Write(nameBytes);
        _count++;
    }

    /// <summary>Writes the directory; nothing can be added after it.</summary>
    public void Finish()
    {
        Span<byte> end = stackalloc byte[EndSize];
        end.Clear();
        "PK\x5\x6"u8.CopyTo(end);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)_count);
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)_count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)_directory.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)stream.Position);
        _directory.WriteTo(stream);
        stream.Write(end);
    }

    /// <summary>The fields from the needed version to the length of the name, which both headers share.</summary>
    private static void WriteCommon(Span<byte> header, uint crc, uint length, ushort nameLength)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], Utf8Names);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], FirstOfJanuary1980);
        BinaryPrimitives.WriteUInt32LittleEndian(header[10..], crc);
        BinaryPrimitives.WriteUInt32LittleEndian(header[14..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[18..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], nameLength);
    }

    private void PatchChecksum(long start, uint crc)
    {
        long end = stream.Position;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, crc);
        stream.Position = start + CrcOffset;
        stream.Write(bytes);
        stream.Position = end;
    }
}
