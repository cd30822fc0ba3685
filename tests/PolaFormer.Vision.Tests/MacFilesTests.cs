using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

/// <summary>What a Mac puts beside the files that it copies and packs, and hidden files, are no images wherever images are listed.</summary>
public sealed class MacFilesTests : IDisposable
{
    private static readonly string[] s_files =
    [
        "train/ant/0.png", "train/ant/._0.png", "train/bee/1.png", "train/.DS_Store", "train/ant/.ipynb_checkpoints/0-checkpoint.png",
        "train/.hidden/x.png", "train/__MACOSX/y.png", "__MACOSX/train/ant/._0.png", "__MACOSX/set/train/ant/0.png",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void FoldersPassThemOver()
    {
        _folder.Write(s_files);
        AssertTwoImages(ImageDatasets.Open(_folder.Path, "train"));
    }

    [Theory]
    [InlineData("set.tar")]
    [InlineData("set.tar.gz")]
    public void TarArchivesPassThemOver(string name) => AssertTwoImages(ImageDatasets.Open(_folder.Tar(name, s_files), "train"));

    [Fact]
    public void ZipArchivesPassThemOver() => AssertTwoImages(ImageDatasets.Open(_folder.Zip("set.zip", s_files), "train"));

    [Fact]
    public void AHiddenFolderAroundADataSetDoesNotHideIt()
    {
        _folder.Write(".cache/set/train/a/1.jpg");
        Assert.Equal(1, ImageDatasets.Open(_folder.Of(".cache/set"), "train").Count);
        Assert.Single(ImageFiles.In(_folder.Of(".cache/set/train/a")));
    }

    [Fact]
    public void ShardsPassThemOver()
    {
        _folder.Write("._train-0.tar");
        _folder.Tar("train-0.tar", "._a.jpg", "a.jpg", "a.json", "._b.jpg", "__MACOSX/a.jpg");
        string message = Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder.Path, "train")).Message;
        // The JSON is the file's own name: the sample was read, and nothing before it.
        Assert.Contains("'a' is an invalid start", message);
    }

    [Fact]
    public void AFolderOfPhotographsPassesThemOver()
    {
        _folder.Write("b.JPG", "._b.JPG", ".c.png", "a.gif", "d.tiff", "notes.txt");
        Assert.Equal(["a.gif", "b.JPG", "d.tiff"], ImageFiles.In(_folder.Path).Select(Path.GetFileName));
    }

    private static void AssertTwoImages(IImageDataset images)
    {
        Assert.Equal(["ant", "bee"], images.Classes);
        Assert.Equal(2, images.Count);
        Assert.EndsWith("train/ant/0.png", images.Get(0).Name);
    }
}
