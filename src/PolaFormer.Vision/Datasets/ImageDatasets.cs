namespace PolaFormer.Vision.Datasets;

/// <summary>Opens datasets from what the user names.</summary>
public static class ImageDatasets
{
    private static readonly string[] s_evaluation = ["val", "test", "validation"];

    /// <summary>Opens a split of a folder or an archive.</summary>
    /// <param name="path">A folder that holds <c>train/</c> and <c>val/</c> or <c>test/</c>, or a <c>.tar</c> or <c>.tar.gz</c> of such.</param>
    /// <param name="split">The split's folder, such as <c>train</c>; for <c>val</c>, <c>test</c> and <c>validation</c> either of the others will do. Null for a folder that holds the classes itself.</param>
    /// <exception cref="ImageException">Nothing of the kind is there, or it cannot be read.</exception>
    public static IImageDataset Open(string path, string? split)
    {
        if (File.Exists(path))
            return new TarImageFolder(path, split ?? throw new ImageException($"{path}: an archive needs the name of a split"));
        if (!Directory.Exists(path))
            throw new ImageException($"{path}: no such folder or archive");
        if (split is null)
            return new ImageFolder(path);
        string? folder = SplitNames(split).Select(name => Path.Combine(path, name)).FirstOrDefault(Directory.Exists);
        return new ImageFolder(folder ?? throw new ImageException($"{path}: holds no folder {string.Join(" or ", SplitNames(split).Select(name => name + "/"))}"));
    }

    /// <summary>The folder names that serve for a split, the best first.</summary>
    internal static IReadOnlyList<string> SplitNames(string split) =>
        s_evaluation.Contains(split) ? [split, .. s_evaluation.Where(name => name != split)] : [split];
}
