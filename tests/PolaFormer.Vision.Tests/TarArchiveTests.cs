using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class TarArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("set.tar")]
    [InlineData("set.tar.gz")]
    public void LinksAreTheFilesThatTheyLeadTo(string name)
    {
        string path = _folder.Tar(name, "store/1.jpg", "train/a/1.jpg", "val/a/hard.jpg = ./train/a/1.jpg", "val/a/soft.jpg -> ../../store/1.jpg",
            "val/b/chain.jpg -> ../a/soft.jpg", "val/b/later.jpg -> ../../store/2.jpg", "store/2.jpg", "val/a/own.jpg");
        IImageDataset val = ImageDatasets.Open(path, "val");
        Assert.Equal(
            [("val/a/hard.jpg", "train/a/1.jpg"), ("val/a/own.jpg", "val/a/own.jpg"), ("val/a/soft.jpg", "store/1.jpg"), ("val/b/chain.jpg", "store/1.jpg"), ("val/b/later.jpg", "store/2.jpg")],
            Enumerable.Range(0, val.Count).Select(val.Get).Select(sample => (sample.Name.Split("@/")[1], Encoding.UTF8.GetString(sample.Data.Span))));
    }

    [Theory]
    [InlineData("train/a/x.jpg -> nowhere.jpg", "a link to train/a/nowhere.jpg")]
    [InlineData("train/a/x.jpg -> /etc/passwd", "a link to a file outside")]
    [InlineData("train/a/x.jpg -> ../../../../x.jpg", "a link to a file outside")]
    [InlineData("train/a/x.jpg -> x.jpg", "a link to train/a/x.jpg")]
    [InlineData("train/b -> a", "a link to the folder train/a")]
    [InlineData("set/train -> ../train", "a link to the folder train")]
    [InlineData("train/a/1.jpg", "train/a/1.jpg twice")]
    [InlineData("./train//a/1.jpg", "train/a/1.jpg twice")]
    public void WhatCannotBeMeantIsRefused(string entry, string what)
    {
        string message = Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder.Tar("set.tar", "train/a/1.jpg", entry), "train")).Message;
        Assert.StartsWith(_folder.Of("set.tar: "), message);
        Assert.Contains(what, message);
    }

    [Fact]
    public void ALinkToATextDoesNoHarm() => Assert.Equal(1, ImageDatasets.Open(_folder.Tar("set.tar", "train/a/1.jpg", "notes.txt", "train/notes -> ../notes.txt", "train/a/gone -> x"), "train").Count);

    [Fact]
    public void ShardsFollowLinksOfImagesAndLabels()
    {
        _folder.Write("classes.txt");
        File.WriteAllText(_folder.Of("classes.txt"), "a.cls\n");
        _folder.Tar("train-0.tar", "a.jpg", "a.cls", "b.jpg = a.jpg", "b.cls -> a.cls");
        IImageDataset train = ImageDatasets.Open(_folder.Path, "train");
        Assert.Equal([("train-0.tar@/a.jpg", "a.jpg"), ("train-0.tar@/b.jpg", "a.jpg")],
            Enumerable.Range(0, train.Count).Select(train.Get).Select(sample => (sample.Name, Encoding.UTF8.GetString(sample.Data.Span))));
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void EveryFormatIsRead(TarEntryFormat format)
    {
        string name = "set/train/a/" + (format == TarEntryFormat.V7 ? "é.jpg" : new string('n', format == TarEntryFormat.Ustar ? 90 : 300) + "é.jpg");
        string path = _folder.Of("set.tar");
        using (var writer = new TarWriter(File.Create(path), format))
        {
            string file = _folder.Of("file");
            File.WriteAllText(file, "content");
            writer.WriteEntry(file, name);
        }
        IImageDataset train = ImageDatasets.Open(path, "train");
        Assert.Equal($"set.tar@/{name}", train.Get(0).Name);
        Assert.Equal("content"u8, train.Get(0).Data.Span);
    }

    [Fact]
    public void NamesThatAreNoUtf8StayApart()
    {
        byte[] tar = [.. Header("train/pXche/1.jpg", '0', 1), .. Block("x"), .. Header("train/pYche/1.jpg", '0', 1), .. Block("y"), .. new byte[1024]];
        Replace(tar, 0, (byte)'X', 0xEA);
        Replace(tar, 1024, (byte)'Y', 0xE8);
        Assert.Equal(["pèche", "pêche"], Open(tar).Classes);
    }

    [Theory]
    [InlineData('L', 1L << 30, "a header or name of 1073741824 bytes")]
    [InlineData('K', 1L << 33, "a header or name of 8589934592 bytes")]
    [InlineData('x', 1L << 33, "a header or name of 8589934592 bytes")]
    [InlineData('g', 2L << 20, "a header or name of 2097152 bytes")]
    [InlineData('x', 1000L, "ends in the middle of a file")]
    [InlineData('0', 1L << 40, "ends in the middle of a file")]
    public void SizesAreRefusedBeforeMemoryIsTaken(char type, long size, string what) =>
        Assert.Contains(what, Assert.Throws<ImageException>(() => Open([.. Header("train/a/1.jpg", type, size), .. new byte[512]])).Message);

    [Theory]
    [InlineData("30 path=train/a/1.jpg\n")]
    [InlineData("18 path=train/a/1.jpg\n")]
    [InlineData("99999999999 path=a\n")]
    [InlineData("-1 path=a\n")]
    [InlineData("5 a\n\n\n")]
    [InlineData("14 size=-5000\n")]
    [InlineData("26 size=9999999999999999\n\n")]
    [InlineData("32 size=999999999999999999999999\n")]
    [InlineData("19 size=8000000000\n")]
    public void DamagedExtendedHeadersAreOneLine(string records)
    {
        string message = Assert.Throws<ImageException>(() => Open([.. Header("x", 'x', records.Length), .. Block(records), .. Header("train/a/1.jpg", '0', 1), .. Block("x")])).Message;
        Assert.StartsWith(_folder.Of("set.tar: "), message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void AnEndlessNameIsRefused()
    {
        string name = "train/a/" + new string('x', 5000) + ".jpg";
        Assert.Contains("more than 4096 characters", Assert.Throws<ImageException>(() => Open([.. Header("x", 'L', name.Length), .. Block(name), .. Header("x", '0', 0)])).Message);
    }

    [Fact]
    public void ACompressionBombIsRefused()
    {
        using (var stream = new GZipStream(File.Create(_folder.Of("set.tar.gz")), CompressionLevel.Optimal))
        {
            stream.Write(Header("rubbish", '0', 200 << 20));
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 200; i++)
                stream.Write(zeros);
        }
        Assert.Contains("unpacks to more than", Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder.Of("set.tar.gz"), "train")).Message);
    }

    [Fact]
    public void ATruncatedCompressedArchiveIsRefused()
    {
        string path = _folder.Tar("set.tar.gz", [.. Enumerable.Range(0, 100).Select(i => $"train/a/{i}.jpg")]);
        byte[] data = File.ReadAllBytes(path);
        foreach (int length in (int[])[data.Length / 2, data.Length / 4, 20, 3])
        {
            File.WriteAllBytes(path, data[..length]);
            Assert.StartsWith(path, Assert.Throws<ImageException>(() => ImageDatasets.Open(path, "train")).Message);
        }
    }

    [Fact]
    public void AnArchiveThatWasCutOffBetweenTwoFilesIsRefused()
    {
        byte[] tar = [.. Header("train/a/1.jpg", '0', 1), .. Block("x"), .. Header("train/a/2.jpg", '0', 1), .. Block("y")];
        Assert.Equal(2, Open([.. tar, .. new byte[512]]).Count);
        foreach (int length in (int[])[1024, 1100, 1536, 2048])
            Assert.Contains("damaged or cut off", Assert.Throws<ImageException>(() => Open(tar[..length])).Message);
    }

    [Fact]
    public void TheChecksumOfACompressedArchiveIsChecked()
    {
        string path = _folder.Of("set.tar.gz");
        byte[] tar = File.ReadAllBytes(_folder.Tar("set.tar", "train/a/1.jpg"));
        using (var stream = new GZipStream(File.Create(path), CompressionLevel.NoCompression))
            stream.Write(tar);
        byte[] data = File.ReadAllBytes(path);
        data[data.AsSpan().LastIndexOf("train/a/1.jpg"u8)] ^= 1;
        File.WriteAllBytes(path, data);
        Assert.StartsWith(path, Assert.Throws<ImageException>(() => ImageDatasets.Open(path, "train")).Message);
    }

    [Theory]
    [InlineData("xz", new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0 })]
    [InlineData("bzip2", new byte[] { 0x42, 0x5A, 0x68, 0x39 })]
    [InlineData("zstd", new byte[] { 0x28, 0xB5, 0x2F, 0xFD })]
    [InlineData("7-Zip", new byte[] { 0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C })]
    [InlineData("RAR", new byte[] { 0x52, 0x61, 0x72, 0x21 })]
    public void AnotherPackingIsNamed(string name, byte[] start) =>
        Assert.Equal($"{_folder.Of("set.tar")}: is packed with {name}, which is not read. Unpack it, or pack it as .tar, .tar.gz or .zip",
            Assert.Throws<ImageException>(() => Open([.. start, .. new byte[2000]])).Message);

    [Theory]
    [InlineData("PKU")]
    [InlineData("BZh")]
    [InlineData("Rar!")]
    public void ATarWhoseFirstNameLooksLikeAnotherPackingIsATar(string folder) =>
        Assert.Equal(1, ImageDatasets.Open(_folder.Tar("set.tar", $"{folder}/train/a/1.jpg"), "train").Count);

    [Fact]
    public void WhatIsNoArchiveIsSaid()
    {
        Assert.Contains("no .tar, .tar.gz or .zip archive", Assert.Throws<ImageException>(() => Open(Encoding.ASCII.GetBytes(new string('x', 2000)))).Message);
        Assert.Contains("no .tar, .tar.gz or .zip archive", Assert.Throws<ImageException>(() => Open([1, 2, 3])).Message);
        Assert.Contains("no .tar, .tar.gz or .zip archive", Assert.Throws<ImageException>(() => Open([])).Message);
        Assert.Contains("holds no images", Assert.Throws<ImageException>(() => Open(new byte[1024])).Message);
    }

    private IImageDataset Open(byte[] tar)
    {
        File.WriteAllBytes(_folder.Of("set.tar"), tar);
        return ImageDatasets.Open(_folder.Of("set.tar"), "train");
    }

    private static byte[] Block(string text) => [.. Encoding.ASCII.GetBytes(text), .. new byte[(512 - (text.Length % 512)) % 512]];

    private static byte[] Header(string name, char type, long size)
    {
        byte[] block = new byte[512];
        Encoding.ASCII.GetBytes(name, block);
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0'), block.AsSpan(124));
        block[156] = (byte)type;
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        Sign(block);
        return block;
    }

    private static void Replace(byte[] tar, int header, byte from, byte to)
    {
        Span<byte> block = tar.AsSpan(header, 512);
        block[block.IndexOf(from)] = to;
        Sign(block);
    }

    private static void Sign(Span<byte> block)
    {
        block.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte value in block)
            sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0", block[148..]);
    }
}
