using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

/// <summary>Links are followed, and no image is counted twice for it.</summary>
public sealed class FolderLinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a/self", ".")]
    [InlineData("a/up", "..")]
    [InlineData("a/deep/back", "../..")]
    [InlineData("a/deep/twice", "../deep")]
    [InlineData("a/root", "/")]
    [InlineData("a/broken", "nowhere")]
    [InlineData("a/itself", "itself")]
    [InlineData("loop", ".")]
    [InlineData("up", "..")]
    public void ALinkThatLeadsBackChangesNothing(string link, string target)
    {
        _folder.Write("a/1.jpg", "a/2.jpg", "a/deep/3.jpg", "b/4.jpg");
        Directory.CreateSymbolicLink(_folder.Of(link), target);
        var images = new ImageFolder(_folder.Path);
        Assert.Equal(["a", "b"], images.Classes);
        Assert.Equal(4, images.Count);
    }

    [Fact]
    public void AForestOfLinksIsWalkedOnce()
    {
        // Each of the twelve folders has eight links to the next: 8^11 ways.
        _folder.Write([.. Enumerable.Range(0, 12).Select(i => $"a/{i}/x.jpg")]);
        for (int i = 0; i < 11; i++)
            for (int k = 0; k < 8; k++)
                Directory.CreateSymbolicLink(_folder.Of($"a/{i}/link{k}"), $"../{i + 1}");
        Assert.Equal(12, new ImageFolder(_folder.Path).Count);
    }

    [Fact]
    public void ClassesAndImagesMayBeLinks()
    {
        _folder.Write("elsewhere/ants/1.jpg", "elsewhere/more/2.jpg", "elsewhere/3.jpg", "set/bee/4.jpg");
        Directory.CreateSymbolicLink(_folder.Of("set/ant"), "../elsewhere/ants");
        Directory.CreateSymbolicLink(_folder.Of("set/bee/more"), "../../elsewhere/more");
        File.CreateSymbolicLink(_folder.Of("set/bee/3.jpg"), "../../elsewhere/3.jpg");
        var images = new ImageFolder(_folder.Of("set"));
        Assert.Equal(["ant", "bee"], images.Classes);
        Assert.Equal([0, 1, 1, 1], Enumerable.Range(0, images.Count).Select(i => images.Get(i).Label));
    }

    [Theory]
    [InlineData("a/other", "../b")]
    [InlineData("c", "b")]
    public void AFolderOfTwoClassesIsRefused(string link, string target)
    {
        _folder.Write("a/1.jpg", "b/2.jpg");
        Directory.CreateSymbolicLink(_folder.Of(link), target);
        Assert.Contains("two labels", Assert.Throws<ImageException>(() => new ImageFolder(_folder.Path)).Message);
    }

    [Fact]
    public void ADeepFolderIsNotCutOff()
    {
        _folder.Write($"a/{string.Join('/', Enumerable.Repeat("d", 40))}/1.jpg");
        Assert.Equal(1, new ImageFolder(_folder.Path).Count);
    }

    [Fact]
    public void APipeAmongTheImagesIsABadImage()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "makes a pipe with mkfifo");
        _folder.Write("a/1.jpg");
        using (var make = System.Diagnostics.Process.Start("mkfifo", _folder.Of("a/0.jpg")))
            make.WaitForExit();
        var images = new ImageFolder(_folder.Path);
        Assert.Contains("pipe", Assert.Throws<ImageException>(() => images.Get(0)).Message);
        Assert.Equal("a/1.jpg"u8, images.Get(1).Data.Span);
    }
}
