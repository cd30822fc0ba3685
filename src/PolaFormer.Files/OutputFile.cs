using System.Security.Cryptography;

namespace PolaFormer.Files;

/// <summary>
/// Writes a file under a temporary name beside its target, flushes it to the disk, renames it and flushes the folder: whoever
/// opens the target sees the old file or the new one, never a part, also after a loss of power.
/// </summary>
public static class OutputFile
{
    /// <summary>The ending of temporary names; what a killed process leaves behind is known by it.</summary>
    private const string TemporaryEnding = ".polaformer-tmp";

    /// <summary>Makes sure that a file can be written without loss; called before work begins whose result goes there.</summary>
    /// <param name="path">The target.</param>
    /// <param name="inputs">Files that are read for it, and must stay as they are.</param>
    /// <exception cref="FileException">
    /// The target is one of the inputs, a link, a folder, a device or read-only, or its folder is missing.
    /// </exception>
    public static void Check(string path, params IEnumerable<string> inputs)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new FileException("''", "it is no path. Name the file to write.");
        if (Directory.Exists(path))
            throw new FileException(path, "it is a folder, and a file is to be written. Name a file in it.");
        string folder = FolderOf(path);
        if (!Directory.Exists(folder))
            throw new FileException(path, $"there is no folder {folder}. Make it first, or choose another name.");
        FileStatus? status = FileStatus.Of(path);
        if (inputs.Any(input => IsSame(path, status, input)))
            throw new FileException(path, "it is also read, and would be lost. Choose another name for the output.");
        if (new FileInfo(path).LinkTarget is { } target)
            throw new FileException(path, $"it is a link to {target}, which would be replaced. Name the file itself, or choose another name.");
        if (status is { IsRegular: false })
            throw new FileException(path, "it is a pipe, a socket or a device, and cannot be replaced. Choose another name.");
        if (status is { IsWritable: false })
            throw new FileException(path, "it is read-only, and would be replaced. Choose another name, or make it writable.");
    }

    /// <summary>Whether a file that is to be written is one that is read, also through links and under another name.</summary>
    public static bool IsInput(string path, string input) => IsSame(path, FileStatus.Of(path), input);

    /// <summary>Fills a seekable stream and puts it in place of <paramref name="path"/>; on failure nothing is left behind.</summary>
    /// <param name="path">The target.</param>
    /// <param name="fill">Writes the contents.</param>
    /// <param name="keepAs">Name under which the file before is kept, in place of one of that name; it is renamed only when the new one is complete.</param>
    /// <exception cref="FileException">The file cannot be written; one of that name is as it was.</exception>
    public static void Write(string path, Action<Stream> fill, string? keepAs = null)
    {
        Check(path);
        string temporary = $"{path}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}{TemporaryEnding}";
        UnfinishedFiles.Add(temporary);
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16))
            {
                fill(stream);
                stream.Flush(flushToDisk: true);
            }

            if (keepAs is not null && File.Exists(path))
                File.Move(path, keepAs, overwrite: true);
            File.Move(temporary, path, overwrite: true);
            FolderEntries.Flush(FolderOf(path));
        }
        catch (Exception error)
        {
            Remove(temporary);
            if (error is FileException or not (IOException or UnauthorizedAccessException or NotSupportedException))
                throw;
            throw new FileException(path, $"the file cannot be written ({error.Message.ReplaceLineEndings(" ")}). Check the folder, its permissions and the space on the disk.", error);
        }
        finally
        {
            UnfinishedFiles.Forget(temporary);
        }
    }

    /// <summary>Writes text in UTF-8.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, string)"/>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Deletes the temporary files of killed processes in a folder. Those that a process still writes, and everybody else's files, stay.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (string leftover in Directory.GetFiles(folder, "*" + TemporaryEnding))
        {
            try
            {
                // A writer holds its file alone, so opening it fails while the writer lives.
                using (new FileStream(leftover, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    File.Delete(leftover);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is in use, or not ours to delete.
            }
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder ? folder : Path.GetFullPath(path);

    private static bool IsSame(string path, FileStatus? status, string input)
    {
        if (status is { Identity: var identity } && identity != 0)
            return FileStatus.Of(input) is { } other && other.Identity == identity;
        return string.Equals(Path.GetFullPath(path), Path.GetFullPath(input), OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to report.
        }
    }
}
