using System.Diagnostics;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Vision.Tests;

/// <summary>Names that are not UTF-8, as old archives leave them on the disk.</summary>
public sealed class RawPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        // .NET cannot delete such names.
        using (var remove = Process.Start("rm", ["-rf", _folder.Path]))
            remove.WaitForExit();
        Directory.CreateDirectory(_folder.Path);
        _folder.Dispose();
    }

    [Fact]
    public void FilesAndClassesAreRead()
    {
        Make(@"train/p\xeache/caf\xe9.jpg", @"train/p\xe8che/1.jpg", @"train/p\xe8che/2.jpg", "train/ant/1.jpg", @"train/ant/\xff\xfe/3.jpg");
        IImageDataset images = ImageDatasets.Open(_folder.Path, "train");
        Assert.Equal(["ant", "pèche", "pêche"], images.Classes);
        ImageSample[] samples = [.. Enumerable.Range(0, images.Count).Select(images.Get)];
        Assert.Equal([0, 0, 1, 1, 2], samples.Select(sample => sample.Label));
        Assert.EndsWith("train/pêche/café.jpg", samples[4].Name);
        Assert.Equal(_folder.Of("train/ant/ÿþ/3.jpg"), samples[1].Name);
        Assert.All(samples, sample => Assert.Equal("x"u8, sample.Data.Span));
    }

    [Fact]
    public void APhotographIsDecodedAndNamed()
    {
        Make(@"caf\xe9.jpg");
        string path = Assert.Single(ImageFiles.In(_folder.Path));
        Assert.Equal(_folder.Of("café.jpg"), ImageFiles.NameOf(path));
        Assert.StartsWith(_folder.Of("café.jpg: not a"), Assert.Throws<ImageException>(() => ImageDecoder.Decode(path)).Message);
    }

    [Fact]
    public void OneNameInTwoEncodingsIsNotOneClass()
    {
        Make(@"p\xeache/1.jpg", "pêche/2.jpg");
        Assert.Contains("different encodings", Assert.Throws<ImageException>(() => new ImageFolder(_folder.Path)).Message);
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0xE9, 0x62 }, "aéb")]
    [InlineData(new byte[] { 0xC3, 0xA9, 0xE9 }, "éé")]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x90, 0x9D, 0x80 }, "🐝\u0080")]
    [InlineData(new byte[] { 0xE2, 0x82 }, "â\u0082")]
    public void BytesThatAreNoCharacterAreReadAsLatin1(byte[] name, string expected) => Assert.Equal(expected, RawPath.Readable(name));

    // The shell's printf makes the names, since .NET cannot.
    private void Make(params string[] names)
    {
        Assert.SkipUnless(RawPath.IsSupported, "such names exist on Linux alone");
        foreach (string name in names)
        {
            using var shell = Process.Start("bash", ["-c", "f=\"$0/$(printf \"$1\")\"; mkdir -p \"${f%/*}\"; printf x > \"$f\"", _folder.Path, name]);
            shell.WaitForExit();
            Assert.SkipUnless(shell.ExitCode == 0, "the file system takes no such names");
        }
    }
}
