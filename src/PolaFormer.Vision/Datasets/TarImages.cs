using System.IO.Compression;
using PolaFormer.Files;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// The files of a tar archive. A plain <c>.tar</c> is listed once and read where its files lie; a <c>.tar.gz</c> has no places to read from,
/// so the wanted files are held in memory.
/// </summary>
internal sealed class TarImages : IImageArchive
{
    /// <summary>What a compressed archive may unpack to, wanted or not: images are compressed already, and what grows more is a compression bomb.</summary>
    private const long MaxUnpackedBytes = 64 << 20, MaxInflation = 100;

    private readonly bool _isCompressed;
    private readonly FileStream _file;
    private readonly List<string> _names = [];
    private readonly List<Place> _places = [];
    private long _room = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    /// <summary>Lists the archive, and unpacks it where it is compressed.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="isWanted">Which files are listed, by name.</param>
    /// <exception cref="ImageException">It cannot be read, is damaged or beyond bounds.</exception>
    public TarImages(string path, Func<string, bool> isWanted)
    {
        Path = path;
        try
        {
            _file = InputFile.Open(path);
            _isCompressed = ArchiveKind.Of(path) == ArchiveKind.Gzip;
            List(isWanted);
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(path, error);
        }
    }

    /// <summary>Where a file lies in the archive, or its bytes.</summary>
    private readonly record struct Place(long Offset, int Length, byte[]? Data);

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => _names;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Read(int index)
    {
        Place place = _places[index];
        return place.Data ?? TarScan.Read(_file.SafeFileHandle, place.Offset, place.Length, ((IImageArchive)this).FullName(index));
    }

    private void List(Func<string, bool> isWanted)
    {
        var links = new List<(int Index, string Name, string? Target)>();
        var folders = new Dictionary<string, string>();
        TarScan scan = Open();
        foreach (TarEntry entry in scan.Entries())
        {
            if (isWanted(entry.Name))
            {
                if (entry.IsLink)
                    links.Add((_names.Count, entry.Name, entry.Target));
                _names.Add(entry.Name);
                _places.Add(entry.IsLink ? default : Take(scan, entry));
            }
            else if (entry is { IsLink: true, Target: { } target } && ArchiveEntryName.MayHold(entry.Name, isWanted))
            {
                folders[target] = entry.Name;
            }
        }

        Dictionary<string, Place> targets = TarLinks.Find(Open, links.Select(link => link.Target).OfType<string>(), Take);
        foreach ((int index, string name, string? target) in links)
        {
            if (target is null || !targets.TryGetValue(target, out Place place))
                throw new ImageException($"{Path}: {name} is a link to {target ?? "a file outside"}, which the archive does not hold. Pack the files themselves (tar --dereference)");
            _places[index] = place;
        }
        if (folders.Count > 0)
            RefuseFolderLinks(folders);
    }

    /// <summary>Images behind a link to a folder would be left out silently.</summary>
    private void RefuseFolderLinks(Dictionary<string, string> links)
    {
        foreach (TarEntry entry in Open().Entries())
        {
            for (int slash = entry.Name.IndexOf('/'); slash >= 0; slash = entry.Name.IndexOf('/', slash + 1))
            {
                if (links.TryGetValue(entry.Name[..slash], out string? link))
                    throw new ImageException($"{Path}: {link} is a link to the folder {entry.Name[..slash]}, which is not followed. Pack the files themselves (tar --dereference)");
            }
        }
    }

    private TarScan Open()
    {
        FileStream file = InputFile.Open(Path);
        return _isCompressed
            ? new(new GZipStream(file, CompressionMode.Decompress), Path, MaxUnpackedBytes + (MaxInflation * file.Length))
            : new(file, Path, file.Length);
    }

    private Place Take(TarScan scan, TarEntry entry)
    {
        if (entry.Length > IImageArchive.MaxEntryBytes)
            throw new ImageException($"{Path}: {entry.Name} has {entry.Length} bytes, more than an image file may have ({IImageArchive.MaxEntryBytes})");
        if (!_isCompressed)
            return new(entry.Offset, (int)entry.Length, null);
        _room -= entry.Length;
        if (_room < 0)
            throw new ImageException($"{Path}: its images fill the memory that there is. Unpack it, or pack it as .tar or .zip, whose images are read when needed");
        return new(0, (int)entry.Length, scan.Read(entry));
    }
}
