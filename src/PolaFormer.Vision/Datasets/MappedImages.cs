namespace PolaFormer.Vision.Datasets;

/// <summary>
/// Swin's zipped ImageNet: <c>train.zip</c> and <c>train_map.txt</c>, whose lines are <c>path&lt;tab&gt;label</c>; the images come in the
/// order of the map. Classes are those of <c>classes.txt</c> beside, or the numbers.
/// </summary>
internal sealed class MappedImages : IImageDataset
{
    private const long MaxMapBytes = 1L << 29;

    private readonly ZipImages _archive;
    private readonly (int Entry, int Label)[] _images;

    /// <summary>Reads the map and the archive's directory.</summary>
    /// <param name="folder">Where both lie.</param>
    /// <param name="split"><c>train</c> or <c>val</c>.</param>
    /// <param name="classes">Classes that there are to be; null for as many as the largest label says.</param>
    /// <exception cref="ImageException">One of them is missing or damaged, a line names no image of the archive, one twice, or a label out of range.</exception>
    public MappedImages(string folder, string split, int? classes)
    {
        string map = Path.Combine(folder, $"{split}_map.txt"), zip = Path.Combine(folder, $"{split}.zip");
        string[] lines = LabelNames.ReadLines(map, MaxMapBytes);
        _archive = new ZipImages(zip, ImageFileNames.IsImage);
        Dictionary<string, int> entries = Entries(_archive);
        var names = new LabelNames(folder, classes);
        var images = new List<(int, int)>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
                continue;
            string where = $"{map}: line {i + 1}";
            if (lines[i].Split('\t') is not [var name, var label])
                throw new ImageException($"{where}: not of the form path<tab>label");
            if (!entries.Remove(name, out int entry))
                throw new ImageException($"{where}: {zip} holds no image {name}, or the map names it twice");
            images.Add((entry, names.Parse(label, where)));
        }
        if (images.Count == 0)
            throw new ImageException($"{map}: names no images");
        _images = [.. images];
        Classes = names.Names;
    }

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        (int entry, int label) = _images[index];
        return new(_archive.Read(entry), label, ((IImageArchive)_archive).FullName(entry));
    }

    /// <summary>Whether a folder holds the map of a split.</summary>
    public static bool IsAt(string folder, string split) => File.Exists(Path.Combine(folder, $"{split}_map.txt"));

    private static Dictionary<string, int> Entries(ZipImages archive)
    {
        var entries = new Dictionary<string, int>(archive.Names.Count);
        for (int i = 0; i < archive.Names.Count; i++)
        {
            if (!entries.TryAdd(archive.Names[i], i))
                throw new ImageException($"{archive.Path}: holds {archive.Names[i]} twice");
        }
        return entries;
    }
}
