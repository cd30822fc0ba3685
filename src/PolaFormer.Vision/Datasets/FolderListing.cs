namespace PolaFormer.Vision.Datasets;

/// <summary>What lies in a folder: full paths in ordinal order, links followed, without what <see cref="ImageFileNames.IsPassedOver"/> says.</summary>
internal readonly record struct FolderListing(string[] Files, string[] Folders)
{
    /// <summary>Lists a folder.</summary>
    /// <exception cref="IOException">It cannot be listed.</exception>
    public static FolderListing Of(string folder)
    {
        // .NET lists a name that is not UTF-8 with U+FFFD in it; such folders are listed again, by bytes.
        if (!RawPath.Has(folder))
        {
            string[] files = Directory.GetFiles(folder), folders = Directory.GetDirectories(folder);
            if (!RawPath.IsSupported || !files.Concat(folders).Any(path => path.Contains('\uFFFD')))
                return new(Sorted(files), Sorted(folders));
        }
        ILookup<bool, string> found = RawPath.List(folder).Select(name => Path.Combine(folder, name)).ToLookup(RawPath.IsFolder);
        return new(Sorted(found[false]), Sorted(found[true]));
    }

    private static string[] Sorted(IEnumerable<string> paths) => [.. paths.Where(path => !ImageFileNames.IsPassedOver(Path.GetFileName(path.AsSpan()))).Order(StringComparer.Ordinal)];
}
