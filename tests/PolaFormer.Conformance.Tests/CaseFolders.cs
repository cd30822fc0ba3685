namespace PolaFormer.Conformance.Tests;

/// <summary>The reference cases: a few beside the tests, all of them in the project's shared data.</summary>
internal static class CaseFolders
{
    private static string Root { get; } = FindRoot();

    /// <summary>Cases that come with the repository.</summary>
    public static string Local => Path.Combine(Root, "tests", "Fixtures");

    /// <summary>All cases; the folder may be absent.</summary>
    public static string Shared => Path.Combine(Root, "..", "shared", "fixtures");

    /// <summary>Names family/case at or below a folder; none where it is absent.</summary>
    public static IEnumerable<string> Names(string folder) => Directory.Exists(folder)
        ? FixtureCase.Find(folder).Select(path => $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}")
        : [];

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
