namespace PolaFormer.LongRange.Tests;

/// <summary>The project's shared data, which may be absent.</summary>
internal static class SharedData
{
    /// <summary>A folder of it; skips the test where it is absent.</summary>
    public static string Folder(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        string path = Path.Combine(folder.FullName, "..", "shared", "data", name);
        if (!Directory.Exists(path) && !File.Exists(path))
            Assert.Skip($"The shared data {name} are not on this machine.");
        return path;
    }
}
