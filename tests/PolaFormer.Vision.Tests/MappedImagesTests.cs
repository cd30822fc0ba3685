using System.IO.Compression;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class MappedImagesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("polaformer-map-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(CompressionLevel.NoCompression, false)]
    [InlineData(CompressionLevel.NoCompression, true)]
    [InlineData(CompressionLevel.Optimal, false)]
    public void ImagesComeInTheOrderOfTheMap(CompressionLevel compression, bool inMemory)
    {
        Zip(compression, "n02/b.JPEG", "n01/a.JPEG", "n01/unlisted.JPEG");
        Map("n01/a.JPEG\t0", "n02/b.JPEG\t2");
        IImageDataset images = ImageDatasets.OpenMapped(_folder, "train", classes: 4, inMemory);
        Assert.Equal(["0", "1", "2", "3"], images.Classes);
        Assert.Equal([("train.zip@/n01/a.JPEG", 0), ("train.zip@/n02/b.JPEG", 2)], Samples(images).Select(sample => (sample.Name, sample.Label)));
        Assert.Equal([Content("n01/a.JPEG"), Content("n02/b.JPEG")], Samples(images).Select(sample => sample.Data.ToArray()));
    }

    [Fact]
    public void OpenFindsTheMapByItself()
    {
        Zip(CompressionLevel.NoCompression, "a.jpg");
        Map("a.jpg\t7");
        Assert.Equal(8, ImageDatasets.Open(_folder, "train").Classes.Count);
    }

    [Fact]
    public void ClassesTxtNamesTheClasses()
    {
        Zip(CompressionLevel.NoCompression, "a.jpg", "b.jpg");
        Map("a.jpg\t1", "b.jpg\tcat");
        File.WriteAllText(Path.Combine(_folder, "classes.txt"), "cat\ndog\n");
        IImageDataset images = ImageDatasets.OpenMapped(_folder, "train");
        Assert.Equal(["cat", "dog"], images.Classes);
        Assert.Equal([1, 0], Samples(images).Select(sample => sample.Label));
    }

    [Theory]
    [InlineData("a.jpg\t0\nmissing.jpg\t1", "line 2", "holds no image missing.jpg")]
    [InlineData("a.jpg\t0\na.jpg\t1", "line 2", "names it twice")]
    [InlineData("a.jpg\t4", "line 1", "label 4, but there are 4 classes")]
    [InlineData("a.jpg\t-1", "line 1", "'-1' is no label")]
    [InlineData("a.jpg 0", "line 1", "path<tab>label")]
    [InlineData("", "train_map.txt", "names no images")]
    public void AWrongMapIsAnErrorThatNamesTheLine(string map, string where, string what)
    {
        Zip(CompressionLevel.NoCompression, "a.jpg");
        Map(map);
        string message = Assert.Throws<ImageException>(() => ImageDatasets.OpenMapped(_folder, "train", classes: 4)).Message;
        Assert.Contains(where, message);
        Assert.Contains(what, message);
    }

    [Fact]
    public void AnArchiveThatNamesAnImageTwiceIsRefused()
    {
        Zip(CompressionLevel.NoCompression, "a.jpg", "a.jpg");
        Map("a.jpg\t0");
        Assert.Contains("holds a.jpg twice", Assert.Throws<ImageException>(() => ImageDatasets.OpenMapped(_folder, "train")).Message);
    }

    [Fact]
    public void ATruncatedArchiveIsRefused()
    {
        Zip(CompressionLevel.NoCompression, "a.jpg");
        Map("a.jpg\t0");
        string path = Path.Combine(_folder, "train.zip");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^20]);
        Assert.StartsWith(path, Assert.Throws<ImageException>(() => ImageDatasets.OpenMapped(_folder, "train")).Message);
    }

    [Fact]
    public void SizesAreRefusedBeforeMemoryIsTaken()
    {
        Zip(CompressionLevel.Optimal, "a.jpg");
        Map("a.jpg\t0");
        string path = Path.Combine(_folder, "train.zip");
        byte[] data = File.ReadAllBytes(path);
        int entry = data.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(data.AsSpan(entry + 24), 200 << 20);
        File.WriteAllBytes(path, data);
        IImageDataset images = ImageDatasets.OpenMapped(_folder, "train");
        Assert.Contains("are more than", Assert.Throws<ImageException>(() => images.Get(0)).Message);
    }

    [Fact]
    public void SeveralThreadsReadAtOnce()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"{i}.jpg")];
        Zip(CompressionLevel.Optimal, names);
        Map([.. names.Select(name => $"{name}\t0")]);
        IImageDataset images = ImageDatasets.OpenMapped(_folder, "train");
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => Assert.Equal(Content($"{i % 40}.jpg"), images.Get(i % 40).Data.ToArray()));
    }

    private static ImageSample[] Samples(IImageDataset images) => [.. Enumerable.Range(0, images.Count).Select(images.Get)];

    private static byte[] Content(string name) => [.. Enumerable.Repeat((byte)name.Length, 1000), .. System.Text.Encoding.UTF8.GetBytes(name)];

    private void Map(params string[] lines) => File.WriteAllLines(Path.Combine(_folder, "train_map.txt"), lines);

    private void Zip(CompressionLevel compression, params string[] names)
    {
        using ZipArchive archive = ZipFile.Open(Path.Combine(_folder, "train.zip"), ZipArchiveMode.Create);
        foreach (string name in names)
        {
            using Stream entry = archive.CreateEntry(name, compression).Open();
            entry.Write(Content(name));
        }
    }
}
