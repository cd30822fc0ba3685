namespace PolaFormer.Training.Tests;

/// <summary>Folders beside and inside the repository.</summary>
internal static class SharedData
{
    public static string Repository { get; } = FindRepository();

    /// <summary>A folder of reference values, or a skipped test.</summary>
    public static string Recipe(string name)
    {
        string path = Path.GetFullPath(Path.Combine(Repository, "..", "shared", "fixtures", "D_recipe", name));
        Assert.SkipUnless(Directory.Exists(path), $"Reference values are absent: {path}");
        return path;
    }

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PolaFormer.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
