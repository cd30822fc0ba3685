namespace PolaFormer.Vision.Datasets;

/// <summary>Which files of a data set count as images, in folders, archives and shards alike.</summary>
internal static class ImageFileNames
{
    /// <summary>The endings that torchvision's ImageFolder takes, so that the same files are images here.</summary>
    public static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

    /// <summary>Whether a file counts, told by its path within the data set, with <c>/</c> between folders.</summary>
    public static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) && !IsPassedOver(path);

    /// <summary>
    /// Whether a file or a folder around it is hidden, or is what a Mac puts beside the files that it copies or packs: <c>._x.jpg</c> holds the
    /// attributes of <c>x.jpg</c> and no picture, whatever its ending; <c>__MACOSX</c> is a folder of such.
    /// </summary>
    /// <param name="path">A name, or a path within the data set, with <c>/</c> between folders.</param>
    public static bool IsPassedOver(ReadOnlySpan<char> path)
    {
        foreach (Range part in path.Split('/'))
        {
            ReadOnlySpan<char> name = path[part];
            if (name.StartsWith('.') && name is not ("." or "..") || name.SequenceEqual("__MACOSX"))
                return true;
        }
        return false;
    }
}
