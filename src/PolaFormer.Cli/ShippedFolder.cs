namespace PolaFormer.Cli;

/// <summary>A folder that comes with the sources.</summary>
internal static class ShippedFolder
{
    /// <summary>Its path: in a folder above the program, or in this one.</summary>
    /// <param name="name">Relative path.</param>
    /// <exception cref="DirectoryNotFoundException">It is nowhere there.</exception>
    public static string Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, name);
            if (Directory.Exists(path))
                return path;
        }

        return Directory.Exists(name) ? name : throw new DirectoryNotFoundException($"The folder {name} of the sources is not there. Run the program in a checkout.");
    }
}
