using System.Text;
using System.Text.Json;
using PolaFormer.Files;

namespace PolaFormer.Cli;

/// <summary>
/// The results of a part, a line of JSON each, in the order of its inputs. So the number of whole lines says where to go on after a kill:
/// every input has one line, however often the work was ended.
/// </summary>
internal sealed class ShardResults : IDisposable
{
    private const int Buffer = 1 << 16;

    private readonly FileStream _stream;

    private ShardResults(FileStream stream, long count, string? lastId) => (_stream, Count, LastId) = (stream, count, lastId);

    /// <summary>Whole lines that were there.</summary>
    public long Count { get; }

    /// <summary>Name of the input of the last of them; null for none.</summary>
    public string? LastId { get; }

    /// <summary>Opens a file for more results, or makes it; a last line that was not finished is cut off.</summary>
    /// <exception cref="FileException">It cannot be written, another process writes it, or it has lines of another kind.</exception>
    public static ShardResults Open(string path)
    {
        if (!File.Exists(path))
            OutputFile.Check(path);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, Buffer);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileException(path, $"it cannot be opened for results ({error.Message.ReplaceLineEndings(" ")}). Check that no other process writes it.", error);
        }

        try
        {
            (long count, long end, string? last) = Scan(stream);
            string? id = last is null ? null : IdOf(path, last);
            stream.SetLength(end);
            stream.Position = end;
            return new ShardResults(stream, count, id);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Adds lines, all at once.</summary>
    public void Add(IEnumerable<string> lines)
    {
        _stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        _stream.Flush();
    }

    /// <summary>Makes sure that all lines are on the disk.</summary>
    public void Finish() => _stream.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    // Number of line ends, where the last one is, and the line before it.
    private static (long Count, long End, string? Last) Scan(FileStream stream)
    {
        byte[] buffer = new byte[Buffer];
        long count = 0, end = 0, before = 0, at = 0;
        for (int read; (read = stream.Read(buffer)) > 0; at += read)
        {
            for (int i = buffer.AsSpan(0, read).IndexOf((byte)'\n'); i >= 0 && i < read;)
            {
                (count, before, end) = (count + 1, end, at + i + 1);
                int next = buffer.AsSpan(i + 1, read - i - 1).IndexOf((byte)'\n');
                i = next < 0 ? -1 : i + 1 + next;
            }
        }

        if (count == 0)
            return (0, 0, null);
        byte[] last = new byte[end - before];
        stream.Position = before;
        stream.ReadExactly(last);
        return (count, end, Encoding.UTF8.GetString(last));
    }

    private static string IdOf(string path, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("id").GetString() ?? throw new FormatException();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FileException(path, "its last line is no result of this command. Name another file, or remove it.", error);
        }
    }
}
