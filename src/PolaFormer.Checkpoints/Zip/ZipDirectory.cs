using System.Buffers.Binary;
using System.Text;
using PolaFormer.Checkpoints.IO;

namespace PolaFormer.Checkpoints.Zip;

/// <summary>
/// Reads the central directory of a zip archive (PKWARE APPNOTE 6.3: sections 4.3 and 4.5.3) and locates every entry. The
/// library's own reader is not used because stored entries are wanted in place, at their offset in the mapped file.
/// </summary>
internal static class ZipDirectory
{
    private const uint LocalSignature = 0x04034b50, CentralSignature = 0x02014b50, EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const int LocalSize = 30, CentralSize = 46, EndSize = 22, End64Size = 56, Locator64Size = 20;

    /// <summary>Inflated entries may take so many times the file's size together: far above what weights compress to.</summary>
    private const int MaxInflation = 32;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>All entries by name, in the order of the directory.</summary>
    /// <exception cref="CheckpointException">The archive is damaged, encrypted, a bomb, or uses a compression other than deflate.</exception>
    public static OrderedDictionary<string, ZipEntry> Read(FileBytes file, bool verifyChecksums)
    {
        (long position, long end) = FindDirectory(file);
        OrderedDictionary<string, ZipEntry> entries = [];
        long packed = 0, inflated = 0, directory = position;
        while (position < end)
        {
            if (end - position < CentralSize) throw Damaged(file, "its directory ends in the middle of an entry");
            ReadOnlySpan<byte> header = file.Slice(position, CentralSize);
            if (U32(header, 0) != CentralSignature) throw Damaged(file, $"its directory has no entry at byte {position}");
            int nameLength = U16(header, 28), extraLength = U16(header, 30), total = CentralSize + nameLength + extraLength + U16(header, 32);
            if (end - position < total) throw Damaged(file, "its directory ends in the middle of an entry");

            ReadOnlySpan<byte> nameBytes = file.Slice(position + CentralSize, nameLength);
            string name = DecodeName(file, nameBytes);
            long length = U32(header, 24), compressed = U32(header, 20), local = U32(header, 42);
            ReadZip64(file, name, file.Slice(position + CentralSize + nameLength, extraLength), ref length, ref compressed, ref local);
            if ((U16(header, 8) & 1) != 0) throw new CheckpointException(file.Name, $"{name} is encrypted, which checkpoints never are.");
            int method = U16(header, 10);
            if (method is not (0 or 8)) throw new CheckpointException(file.Name, $"{name} is compressed by method {method}; only stored and deflated entries are read.");
            if (method == 0 && length != compressed) throw Damaged(file, $"{name} is stored but its two sizes differ");

            // Entries that do not overlap fit into the file together, so nothing can be multiplied by naming it often.
            packed += compressed;
            if (compressed > directory || packed > file.Length) throw Damaged(file, $"{name} and its neighbours do not fit into the file");
            if (method == 8 && (inflated += length) > (1 << 16) + MaxInflation * file.Length || length > Array.MaxLength && method == 8)
                throw new CheckpointException(file.Name, $"{name} inflates to {length} bytes: more than weights do. Save the checkpoint without compression.");

            long start = DataStart(file, name, nameBytes, local);
            if (start > directory - compressed) throw Damaged(file, $"{name} reaches into the directory");
            ZipEntry entry = new(file, name, start, compressed, length, method == 8, verifyChecksums ? U32(header, 16) : null);
            if (!entries.TryAdd(name, entry)) throw Damaged(file, $"it holds {name} twice");
            position += total;
        }

        return entries;
    }

    /// <summary>The central directory's range: the end record stands last, before a comment of at most 65,535 bytes.</summary>
    private static (long Start, long End) FindDirectory(FileBytes file)
    {
        int tailLength = (int)Math.Min(file.Length, EndSize + ushort.MaxValue);
        long tailStart = file.Length - tailLength;
        ReadOnlySpan<byte> tail = file.Slice(tailStart, tailLength);
        for (int at = tailLength - EndSize; at >= 0; at--)
        {
            if (U32(tail, at) != EndSignature || at + EndSize + U16(tail, at + 20) != tailLength) continue;
            long size = U32(tail, at + 12), start = U32(tail, at + 16), end = tailStart + at;
            if (end >= Locator64Size && file.Slice(end - Locator64Size, Locator64Size) is var locator && U32(locator, 0) == Locator64Signature)
            {
                ulong record = U64(locator, 8);
                if (record > (ulong)Math.Max(0, end - Locator64Size - End64Size)) throw Damaged(file, "its 64-bit end record lies outside the file");
                ReadOnlySpan<byte> end64 = file.Slice((long)record, End64Size);
                if (U32(end64, 0) != End64Signature) throw Damaged(file, "it has no 64-bit end record where its locator points");
                size = (long)U64(end64, 40);
                start = (long)U64(end64, 48);
                end = (long)record;
            }

            if (size < 0 || start < 0 || start > end - size) throw Damaged(file, "its directory lies outside the file");
            return (start, start + size);
        }

        throw Damaged(file, "it has no directory at its end");
    }

    private static long DataStart(FileBytes file, string name, ReadOnlySpan<byte> nameBytes, long local)
    {
        if (local < 0 || local > file.Length - LocalSize) throw Damaged(file, $"{name} begins outside the file");
        ReadOnlySpan<byte> header = file.Slice(local, LocalSize);
        int nameLength = U16(header, 26);
        long start = local + LocalSize + nameLength + U16(header, 28);
        if (U32(header, 0) != LocalSignature || start > file.Length || !file.Slice(local + LocalSize, nameLength).SequenceEqual(nameBytes))
            throw Damaged(file, $"{name} is not where the directory says");
        return start;
    }

    /// <summary>Takes the sizes and the offset that do not fit into 32 bits from the extra field 1.</summary>
    private static void ReadZip64(FileBytes file, string name, ReadOnlySpan<byte> extra, ref long length, ref long compressed, ref long local)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), size = U16(extra, 2);
            if (size > extra.Length - 4) throw Damaged(file, $"an extra field of {name} is cut off");
            if (id == 1)
            {
                ReadOnlySpan<byte> field = extra.Slice(4, size);
                if (!Take(ref field, ref length) || !Take(ref field, ref compressed) || !Take(ref field, ref local))
                    throw Damaged(file, $"the sizes of {name} are cut off or out of range");
                return;
            }

            extra = extra[(4 + size)..];
        }

        static bool Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != uint.MaxValue) return true;
            if (field.Length < 8) return false;
            value = (long)U64(field, 0);
            field = field[8..];
            return value >= 0;
        }
    }

    private static string DecodeName(FileBytes file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged(file, "the name of an entry is not UTF-8");
        }
    }

    private static CheckpointException Damaged(FileBytes file, string what) =>
        new(file.Name, $"the zip archive is damaged or cut off: {what}. Download or copy it again.");

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
