using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// The files of a zip archive, read when asked for. The library's reader serves one thread at a time, so there are some of them: a thread
/// takes one that is free, opens another where none is, and waits where there are enough.
/// </summary>
internal sealed class ZipImages : IImageArchive
{
    /// <summary>Each reader holds the archive's directory, some hundred bytes an entry.</summary>
    private const int MaxReaders = 4;

    /// <summary>The type of a file in the upper half of its attributes, where Unix wrote the archive: S_IFMT and S_IFLNK.</summary>
    private const int FileType = 0xF000, SymbolicLink = 0xA000;

    private const int MaxLinkBytes = 4096;

    private readonly ConcurrentBag<ZipArchive> _free = [];
    private readonly SemaphoreSlim _readers = new(MaxReaders);
    private readonly int[] _entries;

    /// <summary>Reads the archive's directory.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="isWanted">Which files are listed, by name.</param>
    /// <exception cref="ImageException">It cannot be read, is damaged or has too many entries, or a file that is wanted is encrypted.</exception>
    public ZipImages(string path, Func<string, bool> isWanted)
    {
        Path = path;
        try
        {
            ZipArchive archive = Open();
            if (archive.Entries.Count > IImageArchive.MaxEntries)
                throw new ImageException($"{path}: more than {IImageArchive.MaxEntries} entries");
            _entries = [.. Enumerable.Range(0, archive.Entries.Count).Where(i => isWanted(NameOf(archive.Entries[i])))];
            Names = [.. _entries.Select(i => NameOf(archive.Entries[i]))];
            if (_entries.FirstOrDefault(i => archive.Entries[i].IsEncrypted, -1) is >= 0 and int encrypted)
                throw new ImageException($"{path}: {archive.Entries[encrypted].FullName} is encrypted. Unpack the archive with its password");
            if (Names.FirstOrDefault(name => name.Contains('\uFFFD')) is { } broken)
                throw new ImageException($"{path}: the name {broken} is not the UTF-8 that it says it is, so names may not be told apart. Pack the archive again");
            FollowLinks(archive);
            RefuseFolderLinks(archive, isWanted);
            _free.Add(archive);
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(path, error);
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Read(int index)
    {
        string name = ((IImageArchive)this).FullName(index);
        ZipArchive? archive = null;
        _readers.Wait();
        try
        {
            if (!_free.TryTake(out archive))
                archive = Open();
            return Read(archive.Entries[_entries[index]], name);
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(name, error);
        }
        finally
        {
            if (archive is not null)
                _free.Add(archive);
            _readers.Release();
        }
    }

    private ZipArchive Open() => new(InputFile.Open(Path), ZipArchiveMode.Read, leaveOpen: false, ZipNames.Instance);

    // Some tools of Windows write its own separator, against the format.
    private static string NameOf(ZipArchiveEntry entry) => ArchiveEntryName.Normalize(entry.FullName.Contains('/') ? entry.FullName : entry.FullName.Replace('\\', '/'));

    /// <summary>A symbolic link is an entry that holds the path it leads to; the image is then the entry of that name.</summary>
    private void FollowLinks(ZipArchive archive)
    {
        Dictionary<string, int>? all = null;
        for (int i = 0; i < _entries.Length; i++)
        {
            for (int steps = 0; IsLink(archive.Entries[_entries[i]]); steps++)
            {
                all ??= Enumerable.Range(0, archive.Entries.Count).DistinctBy(k => NameOf(archive.Entries[k])).ToDictionary(k => NameOf(archive.Entries[k]));
                ZipArchiveEntry link = archive.Entries[_entries[i]];
                string target = TargetOf(link);
                if (steps == 8 || ArchiveEntryName.Follow(NameOf(link), target) is not { } name || !all.TryGetValue(name, out _entries[i]))
                    throw new ImageException($"{Path}: {Names[i]} is a link to {target}, which the archive does not hold. Pack the files themselves (zip without -y)");
            }
        }
    }

    /// <summary>Images behind a link to a folder would be left out silently.</summary>
    private void RefuseFolderLinks(ZipArchive archive, Func<string, bool> isWanted)
    {
        foreach (ZipArchiveEntry link in archive.Entries.Where(entry => IsLink(entry) && ArchiveEntryName.MayHold(NameOf(entry), isWanted)))
        {
            string? folder = ArchiveEntryName.Follow(NameOf(link), TargetOf(link));
            if (folder is not null && archive.Entries.Any(entry => NameOf(entry).StartsWith(folder + "/", StringComparison.Ordinal)))
                throw new ImageException($"{Path}: {NameOf(link)} is a link to the folder {folder}, which is not followed. Pack the files themselves (zip without -y)");
        }
    }

    private static string TargetOf(ZipArchiveEntry link) => link.Length > MaxLinkBytes ? "" : Encoding.UTF8.GetString(Read(link, NameOf(link)));

    private static bool IsLink(ZipArchiveEntry entry) => ((entry.ExternalAttributes >> 16) & FileType) == SymbolicLink;

    private static byte[] Read(ZipArchiveEntry entry, string name)
    {
        // What the directory says of a compressed entry is bounded twice: by its own size, and by what deflate can make of the packed bytes.
        const int maxInflation = 1032;
        if (entry.Length > IImageArchive.MaxEntryBytes || entry.Length / maxInflation > entry.CompressedLength)
            throw new ImageException($"{name}: {entry.Length} bytes are more than an image file may have ({IImageArchive.MaxEntryBytes}) or than {entry.CompressedLength} packed bytes hold");
        byte[] data = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(data);
        // The library does not look.
        if (Crc32.Append(0, data) != entry.Crc32)
            throw new ImageException($"{name}: wrong checksum: damaged");
        return data;
    }
}
