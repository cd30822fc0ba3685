using System.Formats.Tar;
using System.IO.Compression;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class CifarBinaryTests : IDisposable
{
    private const int RecordBytes = 3073;
    private readonly string _root = Directory.CreateTempSubdirectory("polaformer-cifar-").FullName;
    private readonly string _folder;

    public CifarBinaryTests()
    {
        _folder = Directory.CreateDirectory(Path.Combine(_root, "cifar-10-batches-bin")).FullName;
        Write("data_batch_1.bin", Record(3, 10), Record(9, 20));
        Write("data_batch_2.bin", Record(0, 30));
        Write("test_batch.bin", Record(5, 40));
        File.WriteAllText(Path.Combine(_folder, "batches.meta.txt"), "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("folder")]
    [InlineData("parent")]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    public void PlanesBecomePixels(string form)
    {
        string path = form switch { "folder" => _folder, "parent" => _root, _ => Archive(form) };
        IImageDataset train = ImageDatasets.Open(path, "train"), test = ImageDatasets.Open(path, "test");
        Assert.Equal((3, 1, "truck"), (train.Count, test.Count, train.Classes[9]));
        Assert.Equal([3, 9, 0], Enumerable.Range(0, 3).Select(i => train.Get(i).Label));
        using Image image = train.Get(1).Decode();
        Assert.Equal((32, 32), (image.Width, image.Height));
        Assert.Equal([20, 21, 22], image.Row(0)[..3].ToArray());
        Assert.Equal([20 + 7, 21 + 7, 22 + 7], image.Row(2).Slice(5 * 3, 3).ToArray());
    }

    [Fact]
    public void AFileThatIsCutOffIsRefused()
    {
        string path = Path.Combine(_folder, "data_batch_2.bin");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..3000]);
        Assert.Contains("data_batch_2.bin has 3000 bytes", Assert.Throws<ImageException>(() => ImageDatasets.Open(_root, "train")).Message);
    }

    [Fact]
    public void ALabelOutOfRangeIsRefused()
    {
        Write("test_batch.bin", Record(10, 0));
        Assert.Contains("label 10, but there are 10 classes", Assert.Throws<ImageException>(() => ImageDatasets.Open(_root, "val")).Message);
    }

    [Fact]
    public void AMissingSplitIsSaid()
    {
        File.Delete(Path.Combine(_folder, "test_batch.bin"));
        Assert.Contains("holds no test_batch", Assert.Throws<ImageException>(() => ImageDatasets.Open(_root, "val")).Message);
    }

    // Pixel (x, y) of channel c is first + x + y + c.
    private static byte[] Record(byte label, int first)
    {
        byte[] record = new byte[RecordBytes];
        record[0] = label;
        for (int i = 1; i < RecordBytes; i++)
            record[i] = (byte)(first + ((i - 1) % 32) + ((i - 1) / 32 % 32) + ((i - 1) / 1024));
        return record;
    }

    private void Write(string name, params byte[][] records) => File.WriteAllBytes(Path.Combine(_folder, name), [.. records.SelectMany(record => record)]);

    private string Archive(string form)
    {
        string path = Path.Combine(_root, "cifar-10-binary." + form);
        using FileStream file = File.Create(path);
        using Stream stream = form == "tar" ? file : new GZipStream(file, CompressionLevel.Fastest);
        TarFile.CreateFromDirectory(_folder, stream, includeBaseDirectory: true);
        return path;
    }
}
