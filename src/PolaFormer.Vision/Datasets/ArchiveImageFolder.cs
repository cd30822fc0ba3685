namespace PolaFormer.Vision.Datasets;

/// <summary>An archive of <c>[top/]split/class/image</c>. Labels and order are those of <see cref="ImageFolder"/>.</summary>
internal sealed class ArchiveImageFolder : IImageDataset
{
    private readonly IImageArchive _archive;
    private readonly (int Entry, int Label)[] _images;

    /// <summary>Lists the images of a split.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="split">Name of the split's folder, such as <c>train</c>; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do.</param>
    /// <exception cref="ImageException">It holds no image of the split, or one twice.</exception>
    public ArchiveImageFolder(IImageArchive archive, string split)
    {
        IReadOnlyList<string> splits = ImageDatasets.SplitNames(split);
        var found = new List<(int Entry, string Split, string Class)>();
        for (int i = 0; i < archive.Names.Count; i++)
        {
            if (Locate(archive.Names[i], splits) is { } place)
                found.Add((i, place.Split, place.Class));
        }
        string name = splits.FirstOrDefault(name => found.Any(image => image.Split == name))
            ?? throw new ImageException($"{archive.Path}: holds no images at {split}/<class>/");
        found.RemoveAll(image => image.Split != name);
        // Which of the two is meant depends on the tool that unpacks it.
        var seen = new HashSet<string>();
        if (found.FirstOrDefault(image => !seen.Add(archive.Names[image.Entry])) is { Split: not null } twice)
            throw new ImageException($"{archive.Path}: holds {archive.Names[twice.Entry]} twice. Pack it again");

        string[] classes = [.. found.Select(image => image.Class).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> labels = classes.Select((name, label) => (name, label)).ToDictionary(pair => pair.name, pair => pair.label);
        _archive = archive;
        Classes = classes;
        _images = [.. found.Select(image => (image.Entry, labels[image.Class])).OrderBy(image => image.Item2).ThenBy(image => archive.Names[image.Entry], StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public int LabelOf(int index) => _images[index].Label;

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        (int entry, int label) = _images[index];
        return new(_archive.Read(entry), label, _archive.FullName(entry));
    }

    /// <summary>Whether an entry is an image of one of the splits.</summary>
    public static bool Holds(string name, IReadOnlyList<string> splits) => Locate(name, splits) is not null;

    /// <summary>Takes [top/]split/class/…/image apart; the split is the first or the second folder.</summary>
    private static (string Split, string Class)? Locate(string name, IReadOnlyList<string> splits)
    {
        if (!ImageFileNames.IsImage(name))
            return null;
        string[] parts = name.Split('/');
        for (int i = 0; i < 2 && i + 2 < parts.Length; i++)
        {
            if (splits.Contains(parts[i]))
                return (parts[i], parts[i + 1]);
        }
        return null;
    }
}
