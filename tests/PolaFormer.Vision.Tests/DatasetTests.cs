using System.Formats.Tar;
using System.IO.Compression;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class DatasetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("polaformer-datasets-").FullName;

    private static byte[] Jpeg => File.ReadAllBytes(SharedData.Fixture("E_images/decode_jpeg/q75_420.jpg"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ClassesAndFilesAreSortedAndOthersPassedOver()
    {
        Write("train/zebra/2.PNG", "train/zebra/10.jpg", "train/Ant/a.jpeg", "train/Ant/note.txt", "train/Ant/b.gif", "train/bee/c.webp", "train/list.csv");
        IImageDataset dataset = ImageDatasets.Open(_folder, "train");
        Assert.Equal(["Ant", "bee", "zebra"], dataset.Classes);
        ImageSample[] samples = [.. Enumerable.Range(0, dataset.Count).Select(dataset.Get)];
        Assert.Equal([(0, "a.jpeg"), (1, "c.webp"), (2, "10.jpg"), (2, "2.PNG")], samples.Select(sample => (sample.Label, Path.GetFileName(sample.Name))));
        Assert.Equal(Jpeg, samples[0].Data.ToArray());
    }

    [Theory]
    [InlineData("images.tar", false)]
    [InlineData("images.tar.gz", true)]
    [InlineData("images.zip", false)]
    [InlineData("images.zip", true)]
    public void AnArchiveGivesWhatTheFolderGives(string name, bool compress)
    {
        Write("set/train/b/1.jpg", "set/test/b/3.jpg", "set/test/a/2.jpg", "set/test/a/1.jpg", "set/test/readme.txt", "set/test/a/notes.md");
        string archive = Path.Combine(_folder, name);
        if (name.EndsWith(".zip", StringComparison.Ordinal))
        {
            ZipFile.CreateFromDirectory(Path.Combine(_folder, "set"), archive, compress ? CompressionLevel.Fastest : CompressionLevel.NoCompression, includeBaseDirectory: true);
        }
        else
        {
            using FileStream file = File.Create(archive);
            using Stream stream = compress ? new GZipStream(file, CompressionLevel.Fastest) : file;
            TarFile.CreateFromDirectory(Path.Combine(_folder, "set"), stream, includeBaseDirectory: true);
        }
        IImageDataset folder = ImageDatasets.Open(Path.Combine(_folder, "set"), "val");
        IImageDataset tar = ImageDatasets.Open(archive, "val");
        Assert.Equal(folder.Classes, tar.Classes);
        Assert.Equal(3, tar.Count);
        for (int i = 0; i < tar.Count; i++)
        {
            Assert.Equal(folder.Get(i).Label, tar.Get(i).Label);
            Assert.StartsWith($"{name}@/", tar.Get(i).Name);
            Assert.EndsWith(tar.Get(i).Name[(name.Length + 2)..], folder.Get(i).Name);
            Assert.True(folder.Get(i).Data.Span.SequenceEqual(tar.Get(i).Data.Span));
        }
        Assert.Equal(1, ImageDatasets.Open(archive, "train").Count);
    }

    [Theory]
    [InlineData("https://example.org/set.tar", "Download them first")]
    [InlineData("s3://bucket/set", "Download them first")]
    [InlineData("/dev/zero", "device")]
    public void WhatIsNoFileHereIsSaid(string path, string what) => Assert.Contains(what, Assert.Throws<ImageException>(() => ImageDatasets.Open(path, "train")).Message);

    [Fact]
    public void WhatIsMissingIsSaid()
    {
        Write("train/a/1.jpg", "val/a/readme.txt");
        Assert.Contains("no such folder", Assert.Throws<ImageException>(() => ImageDatasets.Open(Path.Combine(_folder, "nowhere"), "train")).Message);
        Assert.Contains("without images", Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder, "val")).Message);
        Assert.Contains("holds no folder other/", Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder, "other")).Message);
        Assert.Contains("holds no class folder", Assert.Throws<ImageException>(() => ImageDatasets.Open(Path.Combine(_folder, "train", "a"), null)).Message);
    }

    [Theory]
    [InlineData(".tar")]
    [InlineData(".tar.gz")]
    [InlineData(".zip")]
    public void DamagedArchivesGiveAnImageException(string extension)
    {
        Write("set/train/a/1.jpg", $"set/train/b/{new string('n', 150)}.jpg");
        File.CreateSymbolicLink(Path.Combine(_folder, "set/train/b/3.jpg"), "../a/1.jpg");
        string intact = Path.Combine(_folder, "intact" + extension);
        if (extension == ".tar")
            TarFile.CreateFromDirectory(Path.Combine(_folder, "set"), intact, includeBaseDirectory: false);
        else if (extension == ".tar.gz")
        {
            using var stream = new GZipStream(File.Create(intact), CompressionLevel.Fastest);
            TarFile.CreateFromDirectory(Path.Combine(_folder, "set"), stream, includeBaseDirectory: false);
        }
        else
            ZipFile.CreateFromDirectory(Path.Combine(_folder, "set"), intact);
        byte[] data = File.ReadAllBytes(intact);
        var random = new Random(1);
        string path = Path.Combine(_folder, "damaged" + extension);
        for (int trial = 0; trial < 400; trial++)
        {
            byte[] copy = data[..(trial % 2 == 0 ? data.Length : random.Next(data.Length))];
            for (int i = 0; i < 4 && copy.Length > 0; i++)
            {
                int place = random.Next(Math.Min(copy.Length, 512 * random.Next(1, 20)));
                copy[trial % 4 == 0 ? copy.Length - 1 - place : place] = (byte)random.Next(256);
            }
            File.WriteAllBytes(path, copy);
            try
            {
                IImageDataset dataset = ImageDatasets.Open(path, "train");
                for (int i = 0; i < dataset.Count; i++)
                    dataset.Get(i);
            }
            catch (ImageException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    [Fact]
    public void HymenopteraHasItsTwoClasses()
    {
        string path = SharedData.Require("data/hymenoptera");
        IImageDataset train = ImageDatasets.Open(path, "train"), val = ImageDatasets.Open(path, "test");
        Assert.Equal(["ants", "bees"], train.Classes);
        Assert.Equal(train.Classes, val.Classes);
        Assert.Equal(85, val.Count);
    }

    [Fact]
    public void CifarHasTenThousandTestImages()
    {
        IImageDataset test = ImageDatasets.Open(SharedData.Require("data/cifar10-jpeg.tar.gz"), "test");
        Assert.Equal(10_000, test.Count);
        Assert.Equal(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"], test.Classes);
        Assert.Equal(1000, Enumerable.Range(0, test.Count).Count(i => test.Get(i).Label == 9));
        using Image image = ImageDecoder.Decode(test.Get(1234).Data.Span);
        Assert.Equal((32, 32), (image.Width, image.Height));
    }

    private void Write(params string[] names)
    {
        foreach (string name in names)
        {
            string path = Path.Combine(_folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Jpeg);
        }
    }
}
