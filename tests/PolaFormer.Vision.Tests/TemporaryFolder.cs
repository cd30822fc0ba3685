using System.Formats.Tar;
using System.IO.Compression;

namespace PolaFormer.Vision.Tests;

/// <summary>A folder for the files of one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("polaformer-vision-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public string Of(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes files that hold their own names; folders are made where need be.</summary>
    public void Write(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Of(name))!);
            File.WriteAllText(Of(name), name);
        }
    }

    /// <summary>Writes a tar archive of files that hold their own names, and of links: <c>name -> target</c> symbolic, <c>name = target</c> hard.</summary>
    public string Tar(string name, params string[] entries)
    {
        using FileStream file = File.Create(Of(name));
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using var writer = new TarWriter(stream);
        foreach (string entry in entries)
        {
            if (entry.Split(" -> ") is [var symbolic, var to])
                writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, symbolic) { LinkName = to });
            else if (entry.Split(" = ") is [var hard, var same])
                writer.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, hard) { LinkName = same });
            else
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(entry)) });
        }
        return Of(name);
    }

    /// <summary>Writes a zip archive of files that hold their own names.</summary>
    public string Zip(string name, params string[] entries)
    {
        using ZipArchive archive = ZipFile.Open(Of(name), ZipArchiveMode.Create);
        foreach (string entry in entries)
        {
            using Stream stream = archive.CreateEntry(entry, CompressionLevel.NoCompression).Open();
            stream.Write(System.Text.Encoding.UTF8.GetBytes(entry));
        }
        return Of(name);
    }
}
