using System.IO.Compression;
using System.Text;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Analysis.Tests;

public sealed class NpzFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void AnArrayIsAFileInNumPysFormat()
    {
        NpzFile.Write(_path, [new NpzArray("a map", [1, 2, 3, 4, 5, 6], 2, 3), new NpzArray("row", [7], 1)]);
        using ZipArchive archive = ZipFile.OpenRead(_path);
        Assert.Equal(["a map.npy", "row.npy"], archive.Entries.Select(entry => entry.FullName));
        byte[] file = Read(archive.Entries[0]);
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], file[..8]);
        int header = BitConverter.ToUInt16(file, 8);
        Assert.Equal(0, (10 + header) % 64);
        string text = Encoding.ASCII.GetString(file, 10, header);
        Assert.Equal("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", text.TrimEnd());
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Equal([1f, 2, 3, 4, 5, 6], Enumerable.Range(0, 6).Select(i => BitConverter.ToSingle(file, 10 + header + (4 * i))));
        Assert.Contains("(1,)", Encoding.ASCII.GetString(Read(archive.Entries[1])), StringComparison.Ordinal);
    }

    [Fact]
    public void ExtentsThatAreNotThoseOfTheElementsAreRefused() => Assert.Throws<ArgumentException>(() => NpzFile.Write(_path, [new NpzArray("a", [1, 2, 3], 2, 2)]));

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
