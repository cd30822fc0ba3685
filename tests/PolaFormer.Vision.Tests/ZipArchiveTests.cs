using System.IO.Compression;
using System.Text;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

public sealed class ZipArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void NamesAreUtf8OrCodePage437()
    {
        // X stands for a byte that is put in later: ê and è of code page 437; UTF-8 that does not say so, as a Mac writes it, stays what it is.
        byte[] zip = Zip("train/pXche/1.jpg", "train/pYche/1.jpg", "train/figZZZ/1.jpg");
        Replace(zip, "pXche", [(byte)'p', 0x88]);
        Replace(zip, "pYche", [(byte)'p', 0x8A]);
        Replace(zip, "figZZZ", [.. "figué"u8]);
        IImageDataset images = Open(zip);
        Assert.Equal(["figué", "pèche", "pêche"], images.Classes);
        Assert.Equal("train/pYche/1.jpg"u8, images.Get(1).Data.Span);
    }

    [Fact]
    public void NamesThatSayTheyAreUtf8AndAreNotAreRefused()
    {
        byte[] zip = Zip("train/éa/1.jpg");
        Replace(zip, "éa", [0xC3, 0x28]);
        Assert.Contains("is not the UTF-8 that it says it is", Assert.Throws<ImageException>(() => Open(zip)).Message);
    }

    [Fact]
    public void TheSeparatorOfWindowsIsOne()
    {
        IImageDataset images = Open(Zip(@"train\ant\1.jpg", @"train\bee\1.jpg"));
        Assert.Equal(["ant", "bee"], images.Classes);
    }

    [Fact]
    public void ChecksumsAreChecked()
    {
        byte[] zip = Zip("train/a/1.jpg", "train/a/2.jpg");
        // The content is the name; the second occurrence of it is in front of the directory.
        int content = zip.AsSpan().IndexOf("train/a/1.jpgtrain"u8) + 13;
        zip[content] ^= 1;
        IImageDataset images = Open(zip);
        Assert.EndsWith("@/train/a/1.jpg: wrong checksum: damaged", Assert.Throws<ImageException>(() => images.Get(0)).Message);
        Assert.Equal("train/a/2.jpg"u8, images.Get(1).Data.Span);
    }

    [Fact]
    public void AnEncryptedImageIsRefused()
    {
        byte[] zip = Zip("train/a/1.jpg");
        zip[zip.AsSpan().IndexOf("PK\u0001\u0002"u8) + 8] |= 1;
        Assert.Contains("train/a/1.jpg is encrypted", Assert.Throws<ImageException>(() => Open(zip)).Message);
    }

    [Theory]
    [InlineData("train/a/1.jpg")]
    [InlineData("./train/a/1.jpg")]
    public void ANameThatComesTwiceIsRefused(string twin) =>
        Assert.Contains("holds train/a/1.jpg twice", Assert.Throws<ImageException>(() => Open(Zip("train/a/1.jpg", twin))).Message);

    [Fact]
    public void SymbolicLinksAreTheFilesThatTheyLeadTo()
    {
        using (ZipArchive archive = ZipFile.Open(_folder.Of("set.zip"), ZipArchiveMode.Create))
        {
            Add(archive, "val/a/1.jpg", "one");
            Add(archive, "train/a/1.jpg", "../../val/a/1.jpg", isLink: true);
            Add(archive, "train/a/2.jpg", "1.jpg", isLink: true);
        }
        IImageDataset images = ImageDatasets.Open(_folder.Of("set.zip"), "train");
        Assert.Equal(["one", "one"], Enumerable.Range(0, 2).Select(i => Encoding.UTF8.GetString(images.Get(i).Data.Span)));
    }

    [Theory]
    [InlineData("nowhere.jpg")]
    [InlineData("/etc/passwd")]
    [InlineData("1.jpg")]
    public void ALinkThatLeadsNowhereIsRefused(string target)
    {
        using (ZipArchive archive = ZipFile.Open(_folder.Of("set.zip"), ZipArchiveMode.Create))
            Add(archive, "train/a/1.jpg", target, isLink: true);
        Assert.Contains("is a link to", Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder.Of("set.zip"), "train")).Message);
    }

    [Fact]
    public void ALinkToAFolderIsRefused()
    {
        using (ZipArchive archive = ZipFile.Open(_folder.Of("set.zip"), ZipArchiveMode.Create))
        {
            Add(archive, "train/a/1.jpg", "one");
            Add(archive, "train/b", "a", isLink: true);
        }
        Assert.Contains("train/b is a link to the folder train/a", Assert.Throws<ImageException>(() => ImageDatasets.Open(_folder.Of("set.zip"), "train")).Message);
    }

    private static void Add(ZipArchive archive, string name, string content, bool isLink = false)
    {
        ZipArchiveEntry entry = archive.CreateEntry(name);
        if (isLink)
            entry.ExternalAttributes = unchecked((int)0xA1FF0000);
        using Stream stream = entry.Open();
        stream.Write(Encoding.UTF8.GetBytes(content));
    }

    private byte[] Zip(params string[] names)
    {
        byte[] data = File.ReadAllBytes(_folder.Zip("made.zip", names));
        File.Delete(_folder.Of("made.zip"));
        return data;
    }

    private IImageDataset Open(byte[] zip)
    {
        File.WriteAllBytes(_folder.Of("set.zip"), zip);
        return ImageDatasets.Open(_folder.Of("set.zip"), "train");
    }

    /// <summary>Overwrites the beginning of a name in the entry's header and in the directory, not in the content.</summary>
    private static void Replace(byte[] zip, string part, byte[] with)
    {
        byte[] wanted = Encoding.UTF8.GetBytes("train/" + part);
        for (int at = 0; zip.AsSpan(at).IndexOf(wanted) is >= 0 and int next; at += next + 1)
        {
            int place = at + next;
            bool isName = zip.AsSpan(Math.Max(0, place - 30)).StartsWith("PK\u0003\u0004"u8) || zip.AsSpan(Math.Max(0, place - 46)).StartsWith("PK\u0001\u0002"u8);
            if (isName)
                with.CopyTo(zip, place + "train/".Length);
        }
    }
}
