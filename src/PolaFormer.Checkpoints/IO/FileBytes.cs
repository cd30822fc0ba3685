using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace PolaFormer.Checkpoints.IO;

/// <summary>The bytes of a file: mapped, or given in memory. Spans taken from it are valid until it is disposed.</summary>
internal sealed unsafe class FileBytes : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;
    private readonly MemoryHandle _pin;
    private byte* _start;

    /// <summary>Takes bytes in memory, which stay where they are until disposal.</summary>
    public FileBytes(ReadOnlyMemory<byte> memory, string name)
    {
        Name = name;
        Length = memory.Length;
        _pin = memory.Pin();
        _start = (byte*)_pin.Pointer;
    }

    private FileBytes(MemoryMappedViewAccessor view, long length, string name)
    {
        Name = name;
        Length = length;
        _view = view;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += view.PointerOffset;
    }

    /// <summary>The path, for messages.</summary>
    public string Name { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    private bool _disposed;

    /// <summary>Maps a file for reading.</summary>
    /// <exception cref="CheckpointException">It is missing, empty or unreadable.</exception>
    public static FileBytes Map(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (stream.Length == 0) throw new CheckpointException(path, "the file is empty. Download or copy it again.");
            using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new FileBytes(map.CreateViewAccessor(0, stream.Length, MemoryMappedFileAccess.Read), stream.Length, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException(path, $"the file cannot be read ({e.Message}).", e);
        }
    }

    /// <summary>The bytes from <paramref name="offset"/> on; the range must lie in the file.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} + {length} lie outside the {Length} of {Name}.");
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>A stream over a range of the file.</summary>
    public Stream Open(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} + {length} lie outside the {Length} of {Name}.");
        return new UnmanagedMemoryStream(_start + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _start = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _pin.Dispose();
    }
}
