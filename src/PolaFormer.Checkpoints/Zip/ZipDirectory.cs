using System.Buffers.Binary;
using System.Text;
using PolaFormer.Checkpoints.IO;

namespace PolaFormer.Checkpoints.Zip;

/// <summary>
/// Reads the central directory of a zip archive (PKWARE APPNOTE 6.3: sections 4.3 and 4.5.3) and locates every entry. The
/// library's own reader is not used because stored entries are read where they lie, at their offset in the file.
/// </summary>
internal static class ZipDirectory
{
    private const uint LocalSignature = 0x04034b50, CentralSignature = 0x02014b50, EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const int LocalSize = 30, CentralSize = 46, EndSize = 22, End64Size = 56, Locator64Size = 20;
    private const int ScanBytes = 1 << 16, MaxCandidates = 1000, MaxDirectory = 64 << 20;

    /// <summary>Inflated entries may take so many times the file's size together: far above what weights compress to.</summary>
    private const int MaxInflation = 32;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>All entries by name, in the order of the directory.</summary>
    /// <exception cref="CheckpointException">The archive is damaged, encrypted, a bomb, or uses a compression other than deflate.</exception>
    public static OrderedDictionary<string, ZipEntry> Read(FileBytes file, bool verifyChecksums)
    {
        (long directory, long directoryEnd) = FindDirectory(file);
        if (directoryEnd - directory > MaxDirectory)
            throw Damaged(file, $"its directory of {directoryEnd - directory} bytes is far beyond a checkpoint's");
        byte[] headers = file.Read(directory, (int)(directoryEnd - directory));
        OrderedDictionary<string, ZipEntry> entries = [];
        long packed = 0, inflated = 0;
        for (int position = 0, total; position < headers.Length; position += total)
        {
            if (headers.Length - position < CentralSize)
                throw Damaged(file, "its directory ends in the middle of an entry");
            ReadOnlySpan<byte> header = headers.AsSpan(position, CentralSize);
            if (U32(header, 0) != CentralSignature)
                throw Damaged(file, $"its directory has no entry at byte {directory + position}");
            int nameLength = U16(header, 28), extraLength = U16(header, 30);
            total = CentralSize + nameLength + extraLength + U16(header, 32);
            if (headers.Length - position < total)
                throw Damaged(file, "its directory ends in the middle of an entry");

            ReadOnlySpan<byte> nameBytes = headers.AsSpan(position + CentralSize, nameLength);
            string name = DecodeName(file, nameBytes);
            long length = U32(header, 24), compressed = U32(header, 20), local = U32(header, 42);
            ReadZip64(file, name, headers.AsSpan(position + CentralSize + nameLength, extraLength), ref length, ref compressed, ref local);
            if ((U16(header, 8) & 1) != 0)
                throw new CheckpointException(file.Name, $"{name} is encrypted, which checkpoints never are.");
            int method = U16(header, 10);
            if (method is not (0 or 8))
                throw new CheckpointException(file.Name, $"{name} is compressed by method {method}; only stored and deflated entries are read.");
            if (method == 0 && length != compressed)
                throw Damaged(file, $"{name} is stored but its two sizes differ");

            // Entries that do not overlap fit into the file together, so nothing can be multiplied by naming it often.
            packed += compressed;
            if (compressed > directory || packed > file.Length)
                throw Damaged(file, $"{name} and its neighbours do not fit into the file");
            if (method == 8 && (inflated += length) > (1 << 16) + (MaxInflation * file.Length) || method == 8 && Math.Max(length, compressed) > Array.MaxLength)
                throw new CheckpointException(file.Name, $"{name} inflates to {length} bytes: more than weights do. Save the checkpoint without compression.");

            long start = DataStart(file, name, nameBytes, local);
            if (start > directory - compressed)
                throw Damaged(file, $"{name} reaches into the directory");
            ZipEntry entry = new(file, name, start, compressed, length, method == 8, verifyChecksums ? U32(header, 16) : null);
            if (!entries.TryAdd(name, entry))
                throw Damaged(file, $"it holds {name} twice");
        }

        return entries;
    }

    /// <summary>
    /// The central directory's range. The end record stands last, before a comment; some transfers leave more bytes behind
    /// it, so it is looked for from the end of the file to its start.
    /// </summary>
    private static (long Start, long End) FindDirectory(FileBytes file)
    {
        string? fault = null;
        byte[] block = new byte[(int)Math.Min(file.Length, ScanBytes)];
        int candidates = 0;
        for (long start = file.Length - block.Length; ; start = Math.Max(0, start - block.Length + EndSize))
        {
            file.Read(start, block.AsSpan());
            for (int at = block.Length; (at = block.AsSpan(0, at).LastIndexOf("PK\x5\x6"u8)) >= 0;)
            {
                if (at + EndSize > block.Length)
                    continue;
                if (++candidates > MaxCandidates || TryDirectory(file, start + at, block.AsSpan(at, EndSize), ref fault) is not { } range)
                    continue;
                return range;
            }

            if (start == 0)
                throw Damaged(file, fault ?? "it has no directory at its end");
        }
    }

    private static (long Start, long End)? TryDirectory(FileBytes file, long end, ReadOnlySpan<byte> record, ref string? fault)
    {
        if (end + EndSize + U16(record, 20) > file.Length)
            return null;
        long size = U32(record, 12), start = U32(record, 16);
        if (end >= Locator64Size && file.Read(end - Locator64Size, Locator64Size) is var locator && U32(locator, 0) == Locator64Signature)
        {
            ulong position = U64(locator, 8);
            byte[] end64 = position <= (ulong)Math.Max(0, end - Locator64Size - End64Size) ? file.Read((long)position, End64Size) : new byte[End64Size];
            if (U32(end64, 0) != End64Signature)
            {
                fault ??= "it has no 64-bit end record where its locator points";
                return null;
            }

            (size, start, end) = ((long)U64(end64, 40), (long)U64(end64, 48), (long)position);
        }

        if (size >= 0 && start >= 0 && start <= end - size && size >= CentralSize && U32(file.Read(start, 4), 0) == CentralSignature)
            return (start, start + size);
        fault ??= "its directory lies outside the file";
        return null;
    }

    private static long DataStart(FileBytes file, string name, ReadOnlySpan<byte> nameBytes, long local)
    {
        if (local < 0 || local > file.Length - LocalSize)
            throw Damaged(file, $"{name} begins outside the file");
        byte[] header = file.Read(local, LocalSize);
        int nameLength = U16(header, 26);
        long start = local + LocalSize + nameLength + U16(header, 28);
        if (U32(header, 0) != LocalSignature || start > file.Length || !file.Read(local + LocalSize, nameLength).AsSpan().SequenceEqual(nameBytes))
            throw Damaged(file, $"{name} is not where the directory says");
        return start;
    }

    /// <summary>Takes the sizes and the offset that do not fit into 32 bits from the extra field 1.</summary>
    private static void ReadZip64(FileBytes file, string name, ReadOnlySpan<byte> extra, ref long length, ref long compressed, ref long local)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), size = U16(extra, 2);
            if (size > extra.Length - 4)
                throw Damaged(file, $"an extra field of {name} is cut off");
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
            if (value != uint.MaxValue)
                return true;
            if (field.Length < 8)
                return false;
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
