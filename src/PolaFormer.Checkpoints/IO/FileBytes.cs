using Microsoft.Win32.SafeHandles;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints.IO;

/// <summary>
/// The bytes of a file, read where and when they are asked for, or given in memory. They are not mapped: a mapped file that
/// is cut by another program ends this one, a read of it is an error like others. Reading is safe from several threads.
/// </summary>
internal sealed class FileBytes : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly ReadOnlyMemory<byte> _memory;

    /// <summary>Takes bytes in memory, which must not change.</summary>
    public FileBytes(ReadOnlyMemory<byte> memory, string name)
    {
        Name = name;
        Length = memory.Length;
        _memory = memory;
    }

    private FileBytes(SafeFileHandle handle, string name)
    {
        Name = name;
        Length = RandomAccess.GetLength(handle);
        _handle = handle;
    }

    /// <summary>The path, for messages.</summary>
    public string Name { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="FileException">It is not a regular file, or may not be read.</exception>
    /// <exception cref="CheckpointException">It is empty, or the folder that an unpacked checkpoint left.</exception>
    public static FileBytes Open(string path)
    {
        if (Directory.Exists(path) && IsUnpackedArchive(path))
            throw new CheckpointException(path, "it is a folder: a .pth file is a zip archive, and this one has been unpacked, as some browsers do after a download. Download the file again without unpacking, or pack the folder again: zip -0 -r model.pth FOLDER.");
        FileStream stream = InputFile.Open(path);
        if (stream.Length > 0)
            return new FileBytes(stream.SafeFileHandle, path);
        stream.Dispose();
        throw new CheckpointException(path, "the file is empty. Download or copy it again.");
    }

    /// <summary>Reads a range, which must lie in the file.</summary>
    /// <exception cref="CheckpointException">The file has become shorter, or cannot be read.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} + {destination.Length} lie outside the {Length} of {Name}.");
        if (_handle is null)
        {
            _memory.Span.Slice((int)offset, destination.Length).CopyTo(destination);
            return;
        }

        try
        {
            for (int done = 0, count; done < destination.Length; done += count)
            {
                count = RandomAccess.Read(_handle, destination[done..], offset + done);
                if (count == 0)
                    throw new CheckpointException(Name, $"it became shorter while it was read: {Length} bytes at first. Another program writes it; copy or download it again.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(Name, $"it cannot be read any more ({e.Message}).", e);
        }
    }

    /// <summary>Reads a range, which must lie in the file, to memory of its own.</summary>
    public byte[] Read(long offset, int length)
    {
        byte[] bytes = new byte[length];
        Read(offset, bytes.AsSpan());
        return bytes;
    }

    /// <summary>The first bytes of the file.</summary>
    public byte[] Start(int length) => Read(0, (int)Math.Min(length, Length));

    /// <inheritdoc/>
    public void Dispose() => _handle?.Dispose();

    private static bool IsUnpackedArchive(string folder) =>
        File.Exists(Path.Combine(folder, "data.pkl")) || Directory.EnumerateDirectories(folder).Take(16).Any(inner => File.Exists(Path.Combine(inner, "data.pkl")));
}
