using PolaFormer.Files;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Files that are longer or shorter than the archive in them, and paths that name no file.</summary>
public sealed class FileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1, false)]
    [InlineData(512, false)]
    [InlineData(4096, true)]
    [InlineData(70_000, false)]
    [InlineData(300_000, true)]
    public void BytesBehindAnArchiveArePassedOver(int count, bool isText)
    {
        byte[] behind = new byte[count];
        if (isText)
            behind.AsSpan().Fill((byte)'x');
        using Checkpoint checkpoint = Checkpoint.Parse((byte[])[.. TorchFile.Of("", ("w", [1, 2, 3])), .. behind], "test");
        Assert.Equal([1, 2, 3], checkpoint["w"].Floats());
    }

    [Fact]
    public void ManyFalseEndsOfAnArchiveTakeLittleTime()
    {
        byte[] file = new byte[8 << 20];
        for (int at = 0; at + 4 < file.Length; at += 23)
            "PK\x5\x6"u8.CopyTo(file.AsSpan(at));
        "PK\x3\x4"u8.CopyTo(file);
        Assert.Contains("directory", Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file, "test")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fp16.safetensors")]
    [InlineData("bf16.pth")]
    public void AFileThatIsCutWhileItIsReadIsAnError(string name)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.Copy(Fixture.Path(name), path);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(64);
        var error = Assert.Throws<CheckpointException>(() => checkpoint.Entries.Select(entry => entry.Floats()).Last());
        Assert.Contains("shorter", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("model")]
    public void AnUnpackedArchiveIsCalledThat(string inner)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, inner));
        File.WriteAllBytes(Path.Combine(_folder.FullName, inner, "data.pkl"), [1]);
        Assert.Contains("it is a folder: a .pth file is a zip archive", Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.FullName)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherFoldersAndAddressesAreNoFiles()
    {
        Assert.Contains("folder", Assert.Throws<FileException>(() => Checkpoint.Open(_folder.FullName)).Message, StringComparison.Ordinal);
        Assert.Contains("Download", Assert.Throws<FileException>(() => Checkpoint.Open("https://models.example/model.pth")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/stdin")]
    public void DevicesAreNotRead(string path)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("There are no such devices.");
        Assert.Throws<FileException>(() => Checkpoint.Open(path));
    }

    [Fact]
    public void AnArchiveThatAMacPackedAgainIsRead()
    {
        MemoryStream stream = new();
        using (var archive = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            using var plain = new System.IO.Compression.ZipArchive(new MemoryStream(TorchFile.Of("", ("w", [1, 2, 3]))));
            archive.CreateEntry("download/m/");
            foreach (System.IO.Compression.ZipArchiveEntry entry in plain.Entries)
            {
                using Stream source = entry.Open();
                using Stream target = archive.CreateEntry("download/" + entry.FullName).Open();
                source.CopyTo(target);
            }

            archive.CreateEntry("__MACOSX/download/m/._data.pkl").Open().Dispose();
            archive.CreateEntry("download/.DS_Store").Open().Dispose();
        }

        using Checkpoint checkpoint = Checkpoint.Parse(stream.ToArray(), "test");
        Assert.Equal([1, 2, 3], checkpoint["w"].Floats());
    }
}
