namespace PolaFormer.Vision.Datasets;

/// <summary>
/// A folder with one subfolder a class, as torchvision's ImageFolder reads it: the labels follow the class names in ordinal order, the
/// images of a class their paths; other files are passed over. The files are read when asked for.
/// </summary>
public sealed class ImageFolder : IImageDataset
{
    /// <summary>Deeper subfolders are not entered: a cycle of links must come to an end.</summary>
    private const int MaxDepth = 16;

    private readonly (string Path, int Label)[] _files;

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <exception cref="ImageException">The folder does not exist or cannot be listed, holds no class folder, or a class holds no image.</exception>
    public ImageFolder(string root)
    {
        try
        {
            if (!Directory.Exists(root))
                throw new ImageException($"{root}: no such folder");
            string[] classes = [.. Directory.GetDirectories(root).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
            if (classes.Length == 0)
                throw new ImageException($"{root}: holds no class folder; images are expected at {Path.Combine(root, "<class>", "<image>.jpg")}");
            var files = new List<(string, int)>();
            for (int label = 0; label < classes.Length; label++)
            {
                int before = files.Count;
                AddImages(Path.Combine(root, classes[label]), label, 0, files);
                if (files.Count == before)
                    throw new ImageException($"{Path.Combine(root, classes[label])}: a class folder without images ({string.Join(", ", ImageFileNames.Extensions)})");
            }
            Classes = classes;
            _files = [.. files];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{root}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public int Count => _files.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        (string path, int label) = _files[index];
        return new(ImageDecoder.ReadFile(path), label, path);
    }

    private static void AddImages(string folder, int label, int depth, List<(string, int)> files)
    {
        foreach (string file in Directory.GetFiles(folder).Where(ImageFileNames.IsImage).Order(StringComparer.Ordinal))
            files.Add((file, label));
        if (depth == MaxDepth)
            return;
        foreach (string subfolder in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
            AddImages(subfolder, label, depth + 1, files);
    }
}
