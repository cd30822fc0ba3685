using System.Collections.Concurrent;
using System.IO.Compression;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// The files of a zip archive, read when asked for. The library's reader serves one thread at a time, so there are some of them: a thread
/// takes one that is free, opens another where none is, and waits where there are enough.
/// </summary>
internal sealed class ZipImages : IImageArchive
{
    /// <summary>Each reader holds the archive's directory, some hundred bytes an entry.</summary>
    private const int MaxReaders = 4;

    private readonly ConcurrentBag<ZipArchive> _free = [];
    private readonly SemaphoreSlim _readers = new(MaxReaders);
    private readonly int[] _entries;

    /// <summary>Reads the archive's directory.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="isWanted">Which files are listed, by name.</param>
    /// <exception cref="ImageException">It cannot be read, is damaged or has too many entries.</exception>
    public ZipImages(string path, Func<string, bool> isWanted)
    {
        Path = path;
        try
        {
            ZipArchive archive = ZipFile.OpenRead(path);
            if (archive.Entries.Count > IImageArchive.MaxEntries)
                throw new ImageException($"{path}: more than {IImageArchive.MaxEntries} entries");
            _entries = [.. Enumerable.Range(0, archive.Entries.Count).Where(i => isWanted(archive.Entries[i].FullName))];
            Names = [.. _entries.Select(i => archive.Entries[i].FullName)];
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

    /// <summary>Whether a file begins as a zip archive does.</summary>
    public static bool IsZip(string path)
    {
        using FileStream file = File.OpenRead(path);
        return file.ReadByte() == 'P' && file.ReadByte() == 'K';
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Read(int index)
    {
        string name = ((IImageArchive)this).FullName(index);
        ZipArchive? archive = null;
        _readers.Wait();
        try
        {
            if (!_free.TryTake(out archive))
                archive = ZipFile.OpenRead(Path);
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

    private static byte[] Read(ZipArchiveEntry entry, string name)
    {
        // What the directory says of a compressed entry is bounded twice: by its own size, and by what deflate can make of the packed bytes.
        const int maxInflation = 1032;
        if (entry.Length > IImageArchive.MaxEntryBytes || entry.Length / maxInflation > entry.CompressedLength)
            throw new ImageException($"{name}: {entry.Length} bytes are more than an image file may have ({IImageArchive.MaxEntryBytes}) or than {entry.CompressedLength} packed bytes hold");
        byte[] data = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(data);
        return data;
    }
}
