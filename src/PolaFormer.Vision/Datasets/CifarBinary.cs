using System.Text;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): <c>data_batch_1.bin</c> … <c>data_batch_5.bin</c> and
/// <c>test_batch.bin</c> of records of one label byte and 32 × 32 pixels, the red plane first, and <c>batches.meta.txt</c> with the class
/// names. The pixels are held in memory.
/// </summary>
internal sealed class CifarBinary : IImageDataset
{
    private const int Side = 32, Plane = Side * Side, PixelBytes = Image.Channels * Plane, RecordBytes = 1 + PixelBytes;
    private const int ClassCount = 10;
    private const string MetaName = "batches.meta.txt";

    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly string _name;

    private CifarBinary(string path, string split, IEnumerable<(string Name, ReadOnlyMemory<byte> Data)> files)
    {
        string prefix = split == "train" ? "data_batch_" : "test_batch";
        var found = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach ((string name, ReadOnlyMemory<byte> data) in files)
        {
            if (!found.TryAdd(Path.GetFileName(name), data))
                throw new ImageException($"{path}: holds {Path.GetFileName(name)} twice");
        }
        string[] batches = [.. found.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        if (batches.Length == 0)
            throw new ImageException($"{path}: holds no {prefix}*.bin");
        _name = path;
        Classes = found.TryGetValue(MetaName, out ReadOnlyMemory<byte> meta) ? ReadClasses(meta.Span, path) : [.. Enumerable.Range(0, ClassCount).Select(label => $"{label}")];

        long bytes = batches.Sum(name => (long)found[name].Length);
        if (bytes / RecordBytes * PixelBytes > Array.MaxLength)
            throw new ImageException($"{path}: {bytes} bytes are more than one array holds");
        _labels = new byte[bytes / RecordBytes];
        _pixels = new byte[_labels.Length * PixelBytes];
        int image = 0;
        foreach (string batch in batches)
        {
            ReadOnlySpan<byte> data = found[batch].Span;
            if (data.Length == 0 || data.Length % RecordBytes != 0)
                throw new ImageException($"{path}: {batch} has {data.Length} bytes, not a multiple of {RecordBytes}: damaged or cut off");
            for (; !data.IsEmpty; data = data[RecordBytes..], image++)
                ReadRecord(data[..RecordBytes], image, $"{path}: {batch}");
        }
    }

    /// <inheritdoc/>
    public int Count => _labels.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public ImageSample Get(int index) => new(_pixels.AsMemory(index * PixelBytes, PixelBytes), _labels[index], $"{_name}: image {index}", (Side, Side));

    /// <summary>Reads a split from a folder.</summary>
    /// <exception cref="ImageException">A file is missing or damaged.</exception>
    public static CifarBinary Open(string folder, string split) =>
        new(folder, split, Directory.GetFiles(folder).Where(path => IsPart(path, split)).Select(path => (path, (ReadOnlyMemory<byte>)ImageDecoder.ReadFile(path))));

    /// <summary>Reads a split from an archive.</summary>
    /// <exception cref="ImageException">A file is missing or damaged.</exception>
    public static CifarBinary Open(IImageArchive archive, string split) =>
        new(archive.Path, split, Enumerable.Range(0, archive.Names.Count).Where(i => IsPart(archive.Names[i], split)).Select(i => (archive.Names[i], archive.Read(i))));

    /// <summary>The folder of the binary version at or in a folder, or null.</summary>
    public static string? Find(string folder) =>
        new[] { folder, Path.Combine(folder, "cifar-10-batches-bin") }.FirstOrDefault(path => File.Exists(Path.Combine(path, "data_batch_1.bin")) || File.Exists(Path.Combine(path, "test_batch.bin")));

    /// <summary>Whether a file is needed for a split, told by its name.</summary>
    public static bool IsPart(string name, string split) => Path.GetFileName(name) switch
    {
        MetaName => true,
        "test_batch.bin" => split != "train",
        var batch => split == "train" && batch.StartsWith("data_batch_", StringComparison.Ordinal) && batch.EndsWith(".bin", StringComparison.Ordinal),
    };

    // Three planes become interleaved pixels.
    private void ReadRecord(ReadOnlySpan<byte> record, int image, string where)
    {
        if (record[0] >= Classes.Count)
            throw new ImageException($"{where}: label {record[0]}, but there are {Classes.Count} classes: damaged, or not CIFAR-10's binary version");
        _labels[image] = record[0];
        ReadOnlySpan<byte> red = record.Slice(1, Plane), green = record.Slice(1 + Plane, Plane), blue = record.Slice(1 + (2 * Plane), Plane);
        Span<byte> pixels = _pixels.AsSpan(image * PixelBytes, PixelBytes);
        for (int i = 0; i < Plane; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (red[i], green[i], blue[i]);
    }

    private static string[] ReadClasses(ReadOnlySpan<byte> meta, string path)
    {
        string[] names = meta.Length > 1 << 16 ? [] : Encoding.UTF8.GetString(meta).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == ClassCount ? names : throw new ImageException($"{path}: {MetaName} holds no list of {ClassCount} classes");
    }
}
