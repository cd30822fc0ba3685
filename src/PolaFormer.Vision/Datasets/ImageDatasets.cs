namespace PolaFormer.Vision.Datasets;

/// <summary>Opens datasets from what the user names; docs/data.md shows the layouts.</summary>
public static class ImageDatasets
{
    private static readonly string[] s_evaluation = ["val", "test", "validation"];

    /// <summary>Opens a split of what lies at a path.</summary>
    /// <param name="path">
    /// A folder with <c>train/</c> and <c>val/</c> or <c>test/</c> of class folders; a <c>.tar</c>, <c>.tar.gz</c> or <c>.zip</c> of such; a folder
    /// with Swin's <c>train.zip</c> and <c>train_map.txt</c>; CIFAR-10's binary version, its folder or archive; a folder of shards
    /// <c>train-000000.tar</c>, or a pattern <c>train-{000000..000031}.tar</c>.
    /// </param>
    /// <param name="split">The split, such as <c>train</c>; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do. Null for a folder that holds the classes itself.</param>
    /// <param name="classes">Classes that there are to be where labels are stored as numbers; null for as many as the largest label says.</param>
    /// <exception cref="ImageException">Nothing of the kind is there, or it cannot be read.</exception>
    public static IImageDataset Open(string path, string? split, int? classes = null)
    {
        if (File.Exists(path))
            return OpenArchive(path, split ?? throw new ImageException($"{path}: an archive needs the name of a split"));
        if (path.Contains("://", StringComparison.Ordinal))
            throw new ImageException($"{path}: it is an address, and data are read from this machine only. Download them first, then name the folder or archive");
        if (!Directory.Exists(path) && !ShardFiles.IsPattern(path))
            throw new ImageException($"{path}: no such folder or archive");
        if (split is null)
            return new ImageFolder(path);

        IReadOnlyList<string> splits = SplitNames(split);
        if (splits.Select(name => Path.Combine(path, name)).FirstOrDefault(Directory.Exists) is { } folder)
            return new ImageFolder(folder);
        if (splits.FirstOrDefault(name => MappedImages.IsAt(path, name)) is { } mapped)
            return new MappedImages(path, mapped, classes);
        if (Directory.Exists(path) && CifarBinary.Find(path) is { } cifar)
            return CifarBinary.Open(cifar, split);
        if (ShardFiles.Find(path, split) is { Count: > 0 } shards)
            return new ImageShards(shards, classes);
        throw new ImageException($"{path}: holds no folder {string.Join(" or ", splits.Select(name => name + "/"))}, no {split}_map.txt with {split}.zip, no data_batch_1.bin and no {split}-*.tar");
    }

    /// <summary>Whether a path is a folder of class folders, without folders, archives or lists of splits: images lie two levels below it.</summary>
    /// <param name="path">What the user names.</param>
    public static bool IsWithoutSplits(string path)
    {
        if (!Directory.Exists(path) || CifarBinary.Find(path) is not null)
            return false;
        string[] names = ["train", .. s_evaluation];
        return !names.Any(name => Directory.Exists(Path.Combine(path, name)) || MappedImages.IsAt(path, name) || ShardFiles.Find(path, name).Count > 0)
            && Directory.EnumerateDirectories(path).Any();
    }

    /// <summary>Opens Swin's zipped form: <c>train.zip</c> and <c>train_map.txt</c> in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="split">The split; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do.</param>
    /// <param name="classes">Classes that there are to be; null for as many as the largest label says.</param>
    /// <param name="inMemory">Whether the archive's images are read at once and held as they are stored.</param>
    /// <exception cref="ImageException">One of the files is missing or damaged, or the images take more memory than there is.</exception>
    public static IImageDataset OpenMapped(string folder, string split, int? classes = null, bool inMemory = false)
    {
        string found = SplitNames(split).FirstOrDefault(name => MappedImages.IsAt(folder, name)) ?? split;
        var images = new MappedImages(folder, found, classes);
        return inMemory ? new ImagesInMemory(images, folder, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2) : images;
    }

    /// <summary>The names that serve for a split, the best first.</summary>
    internal static IReadOnlyList<string> SplitNames(string split) =>
        s_evaluation.Contains(split) ? [split, .. s_evaluation.Where(name => name != split)] : [split];

    private static IImageDataset OpenArchive(string path, string split)
    {
        IReadOnlyList<string> splits = SplitNames(split);
        bool IsWanted(string name) => ArchiveImageFolder.Holds(name, splits) || CifarBinary.IsPart(name, split) && !ImageFileNames.IsPassedOver(name);
        IImageArchive archive = ArchiveKind.Of(path) == ArchiveKind.Zip ? new ZipImages(path, IsWanted) : new TarImages(path, IsWanted);
        return archive.Names.Any(name => name.EndsWith(".bin", StringComparison.Ordinal)) ? CifarBinary.Open(archive, split) : new ArchiveImageFolder(archive, split);
    }
}
