using System.Formats.Tar;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// The files of a tar archive. A plain <c>.tar</c> is listed once and read where its files lie; a <c>.tar.gz</c> has no places to read from,
/// so the wanted files are held in memory.
/// </summary>
internal sealed class TarImages : IImageArchive
{
    /// <summary>Bytes in a compressed archive, unpacked, wanted or not: the end of a compression bomb.</summary>
    private const long MaxUnpackedBytes = 1L << 40;

    private readonly List<string> _names = [];
    private readonly List<Range> _ranges = [];
    private readonly List<byte[]> _held = [];
    private readonly SafeFileHandle _file;

    /// <summary>Lists the archive, and unpacks it where it is compressed.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="isWanted">Which files are listed, by name.</param>
    /// <exception cref="ImageException">It cannot be read, is damaged or beyond bounds.</exception>
    public TarImages(string path, Func<string, bool> isWanted)
    {
        Path = path;
        try
        {
            using FileStream file = File.OpenRead(path);
            bool isCompressed = IsGzip(file);
            using Stream archive = isCompressed ? new GZipStream(file, CompressionMode.Decompress) : file;
            long length = isCompressed ? MaxUnpackedBytes : file.Length;
            foreach (TarEntry entry in TarScan.Files(archive, path, length))
            {
                if (!isWanted(entry.Name))
                    continue;
                if (entry.Length > IImageArchive.MaxEntryBytes)
                    throw new ImageException($"{path}: {entry.Name} has {entry.Length} bytes, more than an image file may have ({IImageArchive.MaxEntryBytes})");
                _names.Add(entry.Name);
                if (isCompressed)
                    _held.Add(TarScan.Bytes(entry));
                else
                    _ranges.Add(new(entry.DataOffset, (int)entry.Length));
            }
            _file = File.OpenHandle(path);
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(path, error);
        }
    }

    private readonly record struct Range(long Offset, int Length);

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => _names;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Read(int index) => _held.Count > 0
        ? _held[index]
        : TarScan.Read(_file, _ranges[index].Offset, _ranges[index].Length, ((IImageArchive)this).FullName(index));

    private static bool IsGzip(FileStream file)
    {
        Span<byte> magic = stackalloc byte[2];
        int read = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    }
}
