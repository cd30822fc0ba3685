namespace PolaFormer.Training.Reporting;

/// <summary>A file that grows by whole records.</summary>
internal static class AppendedFile
{
    /// <summary>Appends a record. Where only a part of it fits, as on a full disk, the file is cut back to its length before.</summary>
    /// <exception cref="IOException">The record could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder.</exception>
    public static void Append(string path, ReadOnlySpan<byte> record)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        long before = file.Length;
        try
        {
            file.Write(record);
        }
        catch (IOException)
        {
            file.SetLength(before);
            throw;
        }
    }
}
