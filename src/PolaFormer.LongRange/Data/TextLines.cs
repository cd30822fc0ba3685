using System.IO.Compression;
using PolaFormer.Files;

namespace PolaFormer.LongRange.Data;

/// <summary>Lines of a file as bytes; files may be compressed, told by their name: <c>.br</c> by Brotli, <c>.gz</c> by gzip.</summary>
internal static class TextLines
{
    /// <summary>The longest line that is read.</summary>
    private const int MaxLine = 16 << 20;

    /// <summary>The lines without their ends, \n or \r\n.</summary>
    /// <exception cref="FileException">The file cannot be read, is damaged, or a line has no end within 16 MiB.</exception>
    public static IEnumerable<byte[]> Read(string path)
    {
        using Stream stream = Open(path);
        byte[] buffer = new byte[1 << 16];
        var line = new MemoryStream();
        int count;
        while ((count = ReadInto(stream, buffer, path)) > 0)
        {
            int start = 0;
            for (int end; start < count && (end = Array.IndexOf(buffer, (byte)'\n', start, count - start)) >= 0; start = end + 1)
            {
                line.Write(buffer, start, end - start);
                yield return Take(line);
            }

            line.Write(buffer, start, count - start);
            if (line.Length > MaxLine)
                throw new FileException(path, $"a line is longer than {MaxLine} bytes. Check that it is the file you mean.");
        }

        if (line.Length > 0)
            yield return Take(line);
    }

    /// <summary>Where tabs separate the fields of a line.</summary>
    public static List<ReadOnlyMemory<byte>> Fields(byte[] line)
    {
        var fields = new List<ReadOnlyMemory<byte>>();
        int start = 0;
        for (int i = 0; i <= line.Length; i++)
        {
            if (i < line.Length && line[i] != '\t')
                continue;
            fields.Add(line.AsMemory(start, i - start));
            start = i + 1;
        }

        return fields;
    }

    private static Stream Open(string path)
    {
        FileStream file = InputFile.Open(path);
        return Path.GetExtension(path) switch
        {
            ".br" => new BrotliStream(file, CompressionMode.Decompress),
            ".gz" => new GZipStream(file, CompressionMode.Decompress),
            _ => file,
        };
    }

    private static int ReadInto(Stream stream, byte[] buffer, string path)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException or IOException)
        {
            throw new FileException(path, $"it cannot be read to its end ({error.Message.ReplaceLineEndings(" ")}). Get the file again.", error);
        }
    }

    private static byte[] Take(MemoryStream line)
    {
        int length = (int)line.Length;
        if (length > 0 && line.GetBuffer()[length - 1] == '\r')
            length--;
        byte[] bytes = line.GetBuffer().AsSpan(0, length).ToArray();
        line.SetLength(0);
        return bytes;
    }
}
