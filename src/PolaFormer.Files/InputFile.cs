using System.Text;
using System.Text.RegularExpressions;

namespace PolaFormer.Files;

/// <summary>Opens files from outside: only files that have bytes and an end. A pipe or a device could wait or flow for ever.</summary>
public static partial class InputFile
{
    /// <summary>Makes sure that a path names a regular file, without opening it.</summary>
    /// <exception cref="FileException">It is an address on the network, missing, a folder, a pipe, a socket or a device.</exception>
    public static void Check(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new FileException("''", "it is no path. Name a file.");
        if (Address().IsMatch(path))
            throw new FileException(path, "it is an address, and files are read from this machine only. Download it first, then name the file.");
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new FileException(path.Replace("\0", "\\0", StringComparison.Ordinal), "a path has no zero character. Check the path.");
        if (Directory.Exists(path))
            throw new FileException(path, "it is a folder, and a file is wanted. Name a file in it.");
        if (FileStatus.Of(path) is not { } status)
            throw new FileException(path, "there is no such file. Check the path.");
        if (!status.IsRegular)
            throw new FileException(path, "it is a pipe, a socket or a device, and a file is wanted. Copy its contents to a file first.");
    }

    /// <summary>Opens a regular file for reading; other programs may read, rename and delete it meanwhile.</summary>
    /// <exception cref="FileException">It is not a regular file, or may not be read.</exception>
    public static FileStream Open(string path)
    {
        Check(path);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>All bytes of a regular file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">The most that it may have; more is refused before memory is taken.</param>
    /// <exception cref="FileException">It is not a regular file, too large, or may not be read.</exception>
    public static byte[] ReadAllBytes(string path, long maxBytes)
    {
        using FileStream stream = Open(path);
        long length = stream.Length;
        if (length > Math.Min(maxBytes, Array.MaxLength))
            throw new FileException(path, $"it has {length} bytes, and at most {maxBytes} are read. Check that it is the file you mean.");
        try
        {
            byte[] bytes = new byte[length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>All lines of a regular text file in UTF-8, without their ends.</summary>
    /// <inheritdoc cref="ReadAllBytes"/>
    public static string[] ReadAllLines(string path, long maxBytes)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, maxBytes)), Encoding.UTF8);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
            lines.Add(line);
        return [.. lines];
    }

    private static FileException Unreadable(string path, Exception error) =>
        new(path, $"it cannot be read ({error.Message.ReplaceLineEndings(" ")}). Check its permissions.", error);

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]+://", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
