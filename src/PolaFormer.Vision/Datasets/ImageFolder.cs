namespace PolaFormer.Vision.Datasets;

/// <summary>
/// A folder with one subfolder a class, as torchvision's ImageFolder reads it: the labels follow the class names in ordinal order, the
/// images of a class their paths; other files are passed over. Links are followed, but no folder is read twice. The files are read when
/// asked for.
/// </summary>
public sealed class ImageFolder : IImageDataset
{
    private readonly List<(string Path, int Label)> _files = [];

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <exception cref="ImageException">The folder does not exist or cannot be listed, holds no class folder, a class holds no image, or two classes lead to one folder.</exception>
    public ImageFolder(string root)
    {
        try
        {
            if (!Directory.Exists(root))
                throw new ImageException($"{root}: no such folder");
            string realRoot = RawPath.WithoutLinks(root);
            (string Path, string RealPath)[] folders = [.. FolderListing.Of(root).Folders.Select(folder => (folder, RawPath.WithoutLinks(folder))).Where(folder => !LeadsUp(folder.Item2, realRoot))];
            if (folders.Length == 0)
                throw new ImageException($"{root}: holds no class folder; images are expected at {Path.Combine(root, "<class>", "<image>.jpg")}");
            Classes = [.. folders.Select(folder => RawPath.Readable(Path.GetFileName(folder.Path)))];
            if (Classes.Distinct().Count() < Classes.Count)
                throw new ImageException($"{root}: two class folders have the same name in different encodings; rename one");
            var seen = new Dictionary<string, (int Label, string Folder)>();
            for (int label = 0; label < folders.Length; label++)
            {
                int before = _files.Count;
                Enter(folders[label].Path, folders[label].RealPath, label, seen);
                if (_files.Count == before)
                    throw new ImageException($"{RawPath.Readable(folders[label].Path)}: a class folder without images ({string.Join(", ", ImageFileNames.Extensions)})");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{root}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public int Count => _files.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public int LabelOf(int index) => _files[index].Label;

    /// <inheritdoc/>
    public string NameOf(int index) => RawPath.Readable(_files[index].Path);

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        (string path, int label) = _files[index];
        return new(ImageDecoder.ReadFile(path), label, RawPath.Readable(path));
    }

    /// <summary>
    /// Adds the images in a folder and those below it. Links may make a folder reachable in many ways, even through itself: one that leads to a
    /// folder above is passed over, and so is a folder of the same class that was entered. One of another class would give its images two labels.
    /// </summary>
    private void Enter(string folder, string realPath, int label, Dictionary<string, (int Label, string Folder)> seen)
    {
        if (!seen.TryAdd(realPath, (label, folder)))
        {
            if (seen[realPath].Label != label)
                throw new ImageException($"{RawPath.Readable(folder)}: the same folder as {RawPath.Readable(seen[realPath].Folder)}, and its images would have two labels. Remove the link");
            return;
        }
        FolderListing found = FolderListing.Of(folder);
        foreach (string file in found.Files.Where(file => ImageFileNames.IsImage(Path.GetFileName(file))))
            _files.Add((file, label));
        foreach (string subfolder in found.Folders)
        {
            string realSubfolder = RawPath.WithoutLinks(subfolder);
            if (!LeadsUp(realSubfolder, realPath))
                Enter(subfolder, realSubfolder, label, seen);
        }
    }

    /// <summary>Whether a folder is another one, or one around it.</summary>
    private static bool LeadsUp(string folder, string from) => from == folder || from.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
