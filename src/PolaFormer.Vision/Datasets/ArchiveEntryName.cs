namespace PolaFormer.Vision.Datasets;

/// <summary>Names of archives' entries, which have several spellings.</summary>
internal static class ArchiveEntryName
{
    /// <summary>The name without empty parts and <c>.</c>: <c>./a//b</c> is <c>a/b</c>.</summary>
    public static string Normalize(string name) =>
        name.Contains("//") || name.StartsWith('/') || name.StartsWith("./") || name.Contains("/./") || name.EndsWith('/') || name.EndsWith("/.")
            ? string.Join('/', name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
            : name;

    /// <summary>Whether images in a folder of a name would be wanted: then a link to a folder may not be passed over.</summary>
    public static bool MayHold(string folder, Func<string, bool> isWanted) => isWanted($"{folder}/_.jpg") || isWanted($"{folder}/_/_.jpg");

    /// <summary>The entry that a symbolic link leads to; null where that is outside of the archive.</summary>
    /// <param name="link">The link's name.</param>
    /// <param name="target">What it says, seen from the folder it lies in.</param>
    public static string? Follow(string link, string target)
    {
        if (target.StartsWith('/'))
            return null;
        var parts = new List<string>(link.Split('/')[..^1]);
        foreach (string part in target.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                    return null;
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }
        return string.Join('/', parts);
    }
}
