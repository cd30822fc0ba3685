using System.Formats.Tar;
using System.Text;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class ImageShardsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("polaformer-shards-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void SamplesAreTheFilesOfAKey()
    {
        Shard("train-000000.tar", ("x/a.jpg", "one"), ("x/a.cls", "2\n"), ("x/a.seg.png", "mask"), ("b.json", """{"label": 0, "width": 3}"""), ("b.PNG", "two"));
        Shard("train-000001.tar", ("c.webp", "three"), ("c.txt", "a caption"), ("c.cls", "1"));
        Shard("val-000000.tar", ("v.jpg", "four"), ("v.cls", "0"));
        IImageDataset train = ImageDatasets.Open(_folder, "train", classes: 5);
        Assert.Equal(["0", "1", "2", "3", "4"], train.Classes);
        Assert.Equal([0, 2], train.ShardStarts);
        Assert.Equal(
            [("train-000000.tar@/x/a.jpg", 2, "one"), ("train-000000.tar@/b.PNG", 0, "two"), ("train-000001.tar@/c.webp", 1, "three")],
            Enumerable.Range(0, train.Count).Select(train.Get).Select(sample => (sample.Name, sample.Label, Encoding.UTF8.GetString(sample.Data.Span))));
        Assert.Equal(1, ImageDatasets.Open(_folder, "test").Count);
    }

    [Fact]
    public void APatternNamesTheShards()
    {
        for (int i = 8; i < 12; i++)
            Shard($"set-train-{i:D2}.tar", ($"{i}.jpg", ""), ($"{i}.cls", "0"));
        Shard("set-validation-00.tar", ("v.jpg", ""), ("v.cls", "0"));
        string pattern = Path.Combine(_folder, "set-train-{09..11}.tar");
        Assert.Equal(3, ImageDatasets.Open(pattern, "train").Count);
        Assert.Equal("set-validation-00.tar@/v.jpg", ImageDatasets.Open(pattern, "val").Get(0).Name);
    }

    [Fact]
    public void LabelsMayBeNamesOfClassesTxt()
    {
        File.WriteAllText(Path.Combine(_folder, "classes.txt"), "cat\ndog\n");
        Shard("train-0.tar", ("a.jpg", ""), ("a.cls", "dog"), ("b.jpg", ""), ("b.json", """{"label": "cat"}"""));
        IImageDataset train = ImageDatasets.Open(_folder, "train");
        Assert.Equal(["cat", "dog"], train.Classes);
        Assert.Equal((1, 0), (train.Get(0).Label, train.Get(1).Label));
    }

    [Theory]
    [InlineData("a.jpg=;a.cls=9", "label 9, but there are 3 classes")]
    [InlineData("a.jpg=;a.cls=dog", "'dog' is no label")]
    [InlineData("a.jpg=", "a has an image but no label")]
    [InlineData("a.cls=1", "a has a label but no image")]
    [InlineData("a.jpg=;a.png=;a.cls=1", "a second image of a")]
    [InlineData("a.jpg=;a.cls=1;a.json={\"label\":2}", "a second label of a")]
    [InlineData("a.jpg=;a.cls=1;b.jpg=;b.cls=1;a.jpg=;a.cls=1", "the files of a are not together")]
    [InlineData("a.jpg=;a.json={", "train-0.tar: ")]
    [InlineData("readme=x", "hold no samples")]
    public void AWrongShardIsAnErrorThatNamesTheSample(string files, string what)
    {
        Shard("train-0.tar", [.. files.Split(';').Select(file => file.Split('=')).Select(parts => (parts[0], parts[1]))]);
        string message = Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder, "train", classes: 3)).Message;
        Assert.Contains("train-0.tar", message);
        Assert.Contains(what, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void ATruncatedShardIsRefused()
    {
        Shard("train-0.tar", ("a.cls", "1"), ("a.jpg", new string('x', 5000)));
        string path = Path.Combine(_folder, "train-0.tar");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..4000]);
        Assert.StartsWith(path, Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder, "train")).Message);
    }

    [Theory]
    [InlineData("train-{5..2}.tar")]
    [InlineData("train-{0..99999999}.tar")]
    [InlineData("train-{00..01}.tar")]
    public void APatternWithoutItsShardsIsAnError(string pattern) =>
        Assert.Throws<ImageException>(() => ImageDatasets.Open(Path.Combine(_folder, pattern), "train"));

    private void Shard(string name, params (string Name, string Text)[] files)
    {
        using FileStream stream = File.Create(Path.Combine(_folder, name));
        using var writer = new TarWriter(stream);
        foreach ((string file, string text) in files)
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, file) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
    }
}
