using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision;

/// <summary>The image files in a folder.</summary>
public static class ImageFiles
{
    /// <summary>Endings of files that are taken for images where a folder is named; beside those of data sets, what people have one by one.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [.. ImageFileNames.Extensions, ".gif", ".ico", ".pbm", ".pnm", ".jfif"];

    /// <summary>The image files that lie in a folder, told by their endings, in ordinal order; hidden ones and what a Mac puts beside its files are passed over.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="recursive">Whether those in it are entered, behind its own files; a folder that links lead to twice is entered once.</param>
    /// <returns>Paths that <see cref="ImageDecoder.Decode(string, ImageDecodeOptions?)"/> can open, though they may be no text: <see cref="NameOf"/> shows them.</returns>
    /// <exception cref="ImageException">The folder cannot be listed.</exception>
    public static IReadOnlyList<string> In(string folder, bool recursive = false)
    {
        try
        {
            var files = new List<string>();
            Add(folder, recursive, files, []);
            return files;
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(folder, error);
        }
    }

    private static void Add(string folder, bool recursive, List<string> files, HashSet<string> entered)
    {
        FolderListing found = FolderListing.Of(folder);
        files.AddRange(found.Files.Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)));
        if (!recursive || !entered.Add(RawPath.WithoutLinks(folder)))
            return;
        foreach (string inner in found.Folders.Where(inner => !entered.Contains(RawPath.WithoutLinks(inner))))
            Add(inner, recursive, files, entered);
    }

    /// <summary>A path as text: bytes of a name that is not UTF-8 are read as Latin-1.</summary>
    public static string NameOf(string path) => RawPath.Readable(path);
}
