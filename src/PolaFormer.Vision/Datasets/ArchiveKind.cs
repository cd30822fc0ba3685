using PolaFormer.Files;

namespace PolaFormer.Vision.Datasets;

/// <summary>How an archive is packed, told by its first bytes.</summary>
internal sealed record ArchiveKind(string Name, byte[] FirstBytes, bool IsRead = false)
{
    public static readonly ArchiveKind Zip = new("zip", [(byte)'P', (byte)'K'], IsRead: true), Gzip = new("gzip", [0x1F, 0x8B], IsRead: true);

    /// <summary>Kinds that a data set may come in, other than tar, which has no first bytes of its own.</summary>
    private static readonly ArchiveKind[] s_kinds =
    [
        Zip, Gzip,
        new("xz", [0xFD, .. "7zXZ\0"u8]), new("bzip2", [.. "BZh"u8]), new("zstd", [0x28, 0xB5, 0x2F, 0xFD]), new("7-Zip", [.. "7z"u8, 0xBC, 0xAF, 0x27, 0x1C]),
        new("RAR", [.. "Rar!"u8]), new("lz4", [0x04, 0x22, 0x4D, 0x18]), new("lzip", [.. "LZIP"u8]), new("lzma", [0x5D, 0, 0]), new("compress", [0x1F, 0x9D]),
    ];

    /// <summary>The kind of a file; null for what is or may be a plain tar archive.</summary>
    /// <exception cref="ImageException">It cannot be read, or is packed in a way that is not.</exception>
    public static ArchiveKind? Of(string path)
    {
        Span<byte> start = stackalloc byte[TarHeader.Bytes];
        try
        {
            using FileStream file = InputFile.Open(path);
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(path, error);
        }
        // A tar archive begins with a file's name, which may begin like another kind.
        if (start.Length == TarHeader.Bytes && TarHeader.Read(start) is not null)
            return null;
        foreach (ArchiveKind kind in s_kinds)
        {
            if (!start.StartsWith(kind.FirstBytes))
                continue;
            return kind.IsRead ? kind : throw new ImageException($"{path}: is packed with {kind.Name}, which is not read. Unpack it, or pack it as .tar, .tar.gz or .zip");
        }
        return null;
    }
}
