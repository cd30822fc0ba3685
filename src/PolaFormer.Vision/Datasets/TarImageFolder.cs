using System.Formats.Tar;
using System.IO.Compression;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// A <c>.tar</c> or <c>.tar.gz</c> of <c>[top/]split/class/image</c>, read into memory as it is stored (encoded). Labels and order are those
/// of <see cref="ImageFolder"/>.
/// </summary>
public sealed class TarImageFolder : IImageDataset
{
    /// <summary>No image file is larger.</summary>
    private const long MaxEntryBytes = 1L << 28;

    /// <summary>Entries in the archive, images or not.</summary>
    private const int MaxEntries = 20_000_000;

    /// <summary>Bytes in the archive, unpacked, images or not: the end of a compression bomb.</summary>
    private const long MaxTotalBytes = 1L << 40;

    private readonly ImageSample[] _samples;

    /// <summary>Reads the images of one split.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="split">Name of the split's folder, such as <c>train</c>; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do.</param>
    /// <exception cref="ImageException">The archive cannot be read, is damaged or beyond bounds, or holds no image of the split.</exception>
    public TarImageFolder(string path, string split)
    {
        List<Entry> entries;
        try
        {
            using FileStream file = File.OpenRead(path);
            using Stream archive = IsGzip(file) ? new GZipStream(file, CompressionMode.Decompress) : file;
            entries = Read(archive, path, ImageDatasets.SplitNames(split));
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException or FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            throw new ImageException($"{path}: {error.Message.ReplaceLineEndings(" ")}", error);
        }
        string? found = ImageDatasets.SplitNames(split).FirstOrDefault(name => entries.Any(entry => entry.Split == name));
        if (found is null)
            throw new ImageException($"{path}: holds no images at {split}/<class>/");
        entries.RemoveAll(entry => entry.Split != found);

        string[] classes = [.. entries.Select(entry => entry.Class).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> labels = classes.Select((name, label) => (name, label)).ToDictionary(pair => pair.name, pair => pair.label);
        Classes = classes;
        _samples = [.. entries.Select(entry => new ImageSample(entry.Data, labels[entry.Class], entry.Name))];
        Array.Sort(_samples, (a, b) => a.Label != b.Label ? a.Label.CompareTo(b.Label) : string.CompareOrdinal(a.Name, b.Name));
    }

    private sealed record Entry(string Split, string Class, string Name, byte[] Data);

    /// <inheritdoc/>
    public int Count => _samples.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public ImageSample Get(int index) => _samples[index];

    private static bool IsGzip(FileStream file)
    {
        Span<byte> magic = stackalloc byte[2];
        int read = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    }

    private static List<Entry> Read(Stream archive, string path, IReadOnlyList<string> splits)
    {
        var entries = new List<Entry>();
        using var reader = new TarReader(archive);
        long total = 0;
        for (int count = 0; reader.GetNextEntry() is { } item; count++)
        {
            total += item.Length;
            if (count == MaxEntries || total > MaxTotalBytes)
                throw new ImageException($"{path}: more than {MaxEntries} entries or {MaxTotalBytes} bytes");
            if (item.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || item.DataStream is null || !ImageFileNames.IsImage(item.Name))
                continue;
            if (!TryLocate(item.Name, splits, out string split, out string className))
                continue;
            if (item.Length > MaxEntryBytes)
                throw new ImageException($"{path}: {item.Name} has {item.Length} bytes, more than an image may have ({MaxEntryBytes})");
            byte[] data = new byte[item.Length];
            item.DataStream.ReadExactly(data);
            entries.Add(new(split, className, item.Name, data));
        }
        return entries;
    }

    /// <summary>Splits [top/]split/class/…/image; the split is the first or the second folder.</summary>
    private static bool TryLocate(string name, IReadOnlyList<string> splits, out string split, out string className)
    {
        string[] parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        int first = parts.Length > 0 && parts[0] == "." ? 1 : 0;
        for (int i = first; i < first + 2 && i + 2 < parts.Length; i++)
        {
            if (!splits.Contains(parts[i]))
                continue;
            (split, className) = (parts[i], parts[i + 1]);
            return true;
        }
        (split, className) = ("", "");
        return false;
    }
}
