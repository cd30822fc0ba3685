namespace PolaFormer.Files.Tests;

/// <summary>A file is written whole or not at all, and nothing is lost by it.</summary>
public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AnOldFileIsReplacedWhole()
    {
        File.WriteAllText(_folder["a"], "a longer old text");
        OutputFile.Write(_folder["a"], "new");
        Assert.Equal("new", File.ReadAllText(_folder["a"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void AFailureLeavesTheOldFileAndNothingElse()
    {
        File.WriteAllText(_folder["a"], "old");
        Assert.Throws<InvalidOperationException>(() => OutputFile.Write(_folder["a"], _ => throw new InvalidOperationException()));
        Assert.Equal("old", File.ReadAllText(_folder["a"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void AnInputIsNotReplaced()
    {
        File.WriteAllText(_folder["a"], "input");
        Assert.Contains("also read", Refusal(() => OutputFile.Check(_folder["a"], _folder["other"], _folder["a"])));
    }

    [Fact]
    public void AnInputIsKnownThroughALinkToItsFolder()
    {
        Directory.CreateDirectory(_folder["real"]);
        File.WriteAllText(_folder["real/a"], "input");
        Directory.CreateSymbolicLink(_folder["link"], _folder["real"]);
        Assert.Contains("also read", Refusal(() => OutputFile.Check(_folder["link/a"], _folder["real/a"])));
    }

    [Fact]
    public void ALinkIsNotReplaced()
    {
        File.WriteAllText(_folder["a"], "target");
        File.CreateSymbolicLink(_folder["link"], _folder["a"]);
        Assert.Contains("link to", Refusal(() => OutputFile.Write(_folder["link"], "new")));
        Assert.Equal("target", File.ReadAllText(_folder["a"]));
    }

    [Fact]
    public void AReadOnlyFileIsNotReplaced()
    {
        File.WriteAllText(_folder["a"], "kept");
        File.SetAttributes(_folder["a"], FileAttributes.ReadOnly);
        Assert.Contains("read-only", Refusal(() => OutputFile.Write(_folder["a"], "new")));
        Assert.Equal("kept", File.ReadAllText(_folder["a"]));
        File.SetAttributes(_folder["a"], FileAttributes.Normal);
    }

    [Fact]
    public void AFolderIsNotReplaced() => Assert.Contains("folder", Refusal(() => OutputFile.Write(_folder.Path, "new")));

    [Fact]
    public void AMissingFolderIsNamed() => Assert.Contains("no folder", Refusal(() => OutputFile.Write(_folder["missing/a"], "new")));

    [Fact]
    public void ADeviceIsNotReplaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices have these names on Linux.");
        Assert.Contains("cannot be replaced", Refusal(() => OutputFile.Write("/dev/full", "new")));
    }

    [Fact]
    public void LeftoversOfKilledProcessesGoAndEverythingElseStays()
    {
        File.WriteAllText(_folder["a.12345678.polaformer-tmp"], "part");
        File.WriteAllText(_folder["thesis.tmp"], "somebody's");
        using var written = new FileStream(_folder["b.12345678.polaformer-tmp"], FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);

        OutputFile.RemoveLeftovers(_folder.Path);

        Assert.Equal(["b.12345678.polaformer-tmp", "thesis.tmp"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    private static string Refusal(Action action) => Assert.Throws<FileException>(action).Message;
}
