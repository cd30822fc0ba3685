namespace PolaFormer.Vision.Tests;

/// <summary>Finds the test data: fixtures beside the tests, and the larger sets beside the repository, whose tests are skipped without them.</summary>
internal static class SharedData
{
    public static string Fixture(string path) => Path.Combine(AppContext.BaseDirectory, "Fixtures", path);

    /// <summary>The path in ../shared, or the test is skipped.</summary>
    public static string Require(string path)
    {
        string? found = Find(path);
        if (found is null)
            Assert.Skip($"../shared/{path} is not here");
        return found;
    }

    public static string? Find(string path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
                continue;
            string candidate = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", path));
            return Path.Exists(candidate) ? candidate : null;
        }
        return null;
    }
}
