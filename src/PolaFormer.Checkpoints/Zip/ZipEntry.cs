using System.Buffers;
using System.IO.Compression;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints.Zip;

/// <summary>A file in a zip archive: stored ones are read where they lie, deflated ones are inflated once, at the first read.</summary>
internal sealed class ZipEntry(FileBytes file, string name, long start, long compressed, long length, bool deflated, uint? checksum) : TensorStorage
{
    private const int ChecksumChunk = 1 << 18;

    private readonly Lock _inflation = new();
    private byte[]? _inflated;
    private volatile bool _verified = checksum is null;

    /// <summary>The path in the archive.</summary>
    public string Name => name;

    public override long Length => length;

    public override void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > length - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(offset));
        if (deflated)
        {
            Inflated().AsSpan((int)offset, destination.Length).CopyTo(destination);
            return;
        }

        if (!_verified)
            Verify();
        file.Read(start + offset, destination);
    }

    /// <summary>Holds the bytes against their checksum as they come, which is one pass over the file instead of two.</summary>
    public override void ReadAll(Span<byte> destination)
    {
        if (deflated || _verified || destination.Length != length)
        {
            Read(0, destination);
            return;
        }

        uint crc = 0;
        for (int done = 0; done < destination.Length; done += ChecksumChunk)
        {
            Span<byte> chunk = destination[done..Math.Min(done + ChecksumChunk, destination.Length)];
            file.Read(start + done, chunk);
            crc = Crc32.Append(crc, chunk);
        }

        Check(crc);
        _verified = true;
    }

    /// <summary>The whole content, of at most <paramref name="limit"/> bytes.</summary>
    public byte[] All(int limit)
    {
        if (length > limit)
            throw new CheckpointException(file.Name, $"{name} has {length} bytes, more than the {limit} a checkpoint needs for it.");
        byte[] content = new byte[length];
        ReadAll(content);
        return content;
    }

    private void Verify()
    {
        uint crc = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChecksumChunk, length));
        for (long done = 0; done < length; done += ChecksumChunk)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(ChecksumChunk, length - done));
            file.Read(start + done, chunk);
            crc = Crc32.Append(crc, chunk);
        }
        ArrayPool<byte>.Shared.Return(buffer);
        Check(crc);
        _verified = true;
    }

    private byte[] Inflated()
    {
        lock (_inflation)
        {
            if (_inflated is not null)
                return _inflated;
            byte[] content = new byte[length];
            try
            {
                using MemoryStream source = new(file.Read(start, (int)compressed));
                using DeflateStream inflater = new(source, CompressionMode.Decompress);
                if (inflater.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length || inflater.ReadByte() >= 0)
                    throw new CheckpointException(file.Name, $"{name} does not inflate to the {length} bytes the archive says. The file is damaged; copy it again.");
            }
            catch (InvalidDataException e)
            {
                throw new CheckpointException(file.Name, $"the compressed data of {name} is damaged. Copy the file again.", e);
            }

            if (!_verified)
                Check(Crc32.Append(0, content));
            _verified = true;
            return _inflated = content;
        }
    }

    private void Check(uint crc)
    {
        if (crc != checksum)
            throw new CheckpointException(file.Name, $"the checksum of {name} is {crc:x8}, the archive says {checksum:x8}. The file is damaged; copy it again, or turn off checksum verification if it was saved without checksums.");
    }
}
