namespace PolaFormer.Checkpoints.IO;

/// <summary>
/// Writes a file under a temporary name beside its target, flushes it to the disk and renames it: whoever opens the target
/// sees the old file or the new one, never a part.
/// </summary>
public static class AtomicFile
{
    /// <summary>Fills a seekable stream and puts it in place of <paramref name="path"/>; on failure nothing is left behind.</summary>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> fill)
    {
        string temporary = $"{path}.{Path.GetRandomFileName()}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16))
            {
                fill(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(temporary);
            if (e is IOException or UnauthorizedAccessException or NotSupportedException)
                throw new CheckpointException(path, $"the file cannot be written ({e.Message}). Check the folder, its permissions and the space on the disk.", e);
            throw;
        }
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to report.
        }
    }
}
