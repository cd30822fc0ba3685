using Microsoft.Win32.SafeHandles;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// Walks over the headers of a tar archive. The library's reader is not used: it takes memory for names as long as the archive says, and
/// leaves out hard links.
/// </summary>
/// <param name="archive">The archive, unpacked; the walk closes it. Data are passed over unread where it can seek.</param>
/// <param name="path">For messages.</param>
/// <param name="maxBytes">What it may have; of a file, what it has.</param>
internal sealed class TarScan(Stream archive, string path, long maxBytes)
{
    /// <summary>Bytes of an extended header or of a long name.</summary>
    private const int MaxHeaderBytes = 1 << 20;

    private const int MaxNameLength = 4096;

    private readonly byte[] _block = new byte[TarHeader.Bytes];
    private readonly byte[] _skipped = archive.CanSeek ? [] : new byte[1 << 16];
    private PaxRecords _all = new();
    private long _position, _next;
    private int _count;

    /// <summary>The files and links of the archive in order. Whether a link leads to a file or to a folder is not known here.</summary>
    /// <exception cref="ImageException">It is damaged, cut off, or beyond bounds.</exception>
    public IEnumerable<TarEntry> Entries()
    {
        using Stream closed = archive;
        PaxRecords records = _all;
        string? longName = null, longLink = null;
        while (NextHeader() is { } header)
        {
            long size = records.Size ?? header.Size;
            switch (header.Type)
            {
                case 'x' or 'X':
                    records = PaxRecords.Read(Data(header.Size), _all) ?? throw Damaged("an extended header is damaged");
                    continue;
                case 'g':
                    records = _all = PaxRecords.Read(Data(header.Size), _all) ?? throw Damaged("an extended header is damaged");
                    continue;
                case 'L':
                    longName = RawPath.Readable(Data(header.Size).AsSpan().TrimEnd((byte)0));
                    continue;
                case 'K':
                    longLink = RawPath.Readable(Data(header.Size).AsSpan().TrimEnd((byte)0));
                    continue;
            }
            string name = ArchiveEntryName.Normalize(records.Name ?? longName ?? header.Name), link = records.LinkName ?? longLink ?? header.LinkName;
            if (name.Length > MaxNameLength || link.Length > MaxNameLength)
                throw Damaged($"a name has more than {MaxNameLength} characters");
            if (header.HasData)
                Reserve(size);
            if (header.IsFile && !records.IsSparse)
                yield return new(name, _position, size);
            else if (header.IsHardLink)
                yield return new(name, _position, 0, ArchiveEntryName.Normalize(link), IsLink: true);
            else if (header.IsSymbolicLink)
                yield return new(name, _position, 0, ArchiveEntryName.Follow(name, link), IsLink: true);
            else if ((header.Type == 'S' || records.IsSparse) && ImageFileNames.IsImage(name))
                throw Refused($"{name} is stored as a sparse file, which is not read. Pack it without --sparse");
            (records, longName, longLink) = (_all, null, null);
        }
        // Behind the last entry there may be blocks of zeros, and in a compressed archive the checksum over everything.
        if (!archive.CanSeek)
            ReadToEnd();
    }

    /// <summary>The bytes of the entry at which the scan stands; its length was checked.</summary>
    public byte[] Read(TarEntry entry)
    {
        byte[] data = new byte[entry.Length];
        archive.ReadExactly(data);
        _position += data.Length;
        return data;
    }

    /// <summary>Bytes from the middle of a file, from any thread.</summary>
    public static byte[] Read(SafeFileHandle file, long offset, int length, string name)
    {
        try
        {
            byte[] data = new byte[length];
            for (int done = 0; done < length;)
            {
                int read = RandomAccess.Read(file, data.AsSpan(done), offset + done);
                if (read == 0)
                    throw new ImageException($"{name}: the archive was cut off");
                done += read;
            }
            return data;
        }
        catch (Exception error) when (ImageException.Explains(error))
        {
            throw ImageException.Of(name, error);
        }
    }

    /// <summary>The next header; null at the block of zeros behind the last file.</summary>
    private TarHeader? NextHeader()
    {
        Skip();
        int read = archive.ReadAtLeast(_block, TarHeader.Bytes, throwOnEndOfStream: false);
        _position += read;
        _next = _position;
        if (read == TarHeader.Bytes && !_block.AsSpan().ContainsAnyExcept((byte)0))
            return null;
        if (++_count > IImageArchive.MaxEntries)
            throw Damaged($"more than {IImageArchive.MaxEntries} entries");
        if (read == TarHeader.Bytes && TarHeader.Read(_block) is { } header)
            return header;
        if (_count == 1)
            throw Refused("no .tar, .tar.gz or .zip archive");
        // Without the block of zeros at the end, an archive that was cut off between two files would only seem smaller.
        throw Damaged(read < TarHeader.Bytes ? "it has no end" : "a header is damaged");
    }

    private void Skip()
    {
        // The padding of the last entry may be missing.
        if (archive.CanSeek)
            _position = archive.Position = Math.Min(_next, maxBytes);
        while (_position < _next)
        {
            int read = archive.Read(_skipped, 0, (int)Math.Min(_skipped.Length, _next - _position));
            if (read == 0)
                return;
            _position += read;
        }
    }

    private void ReadToEnd()
    {
        while (archive.Read(_skipped) is > 0 and var read)
        {
            _position += read;
            Reserve(0);
        }
    }

    /// <summary>Notes that bytes follow the header.</summary>
    private void Reserve(long size)
    {
        if (size < 0 || size > maxBytes - _position)
        {
            throw archive.CanSeek
                ? Damaged("it ends in the middle of a file")
                : Refused($"it unpacks to more than {maxBytes} bytes, which images do not. Unpack it, if it is trusted");
        }
        _next = _position + ((size + TarHeader.Bytes - 1) / TarHeader.Bytes * TarHeader.Bytes);
    }

    /// <summary>The bytes of a header that has some.</summary>
    private byte[] Data(long size)
    {
        if (size > MaxHeaderBytes)
            throw Damaged($"a header or name of {size} bytes, more than {MaxHeaderBytes}");
        Reserve(size);
        return Read(new("", _position, size));
    }

    private ImageException Damaged(string what) => Refused($"{what}: damaged or cut off");

    private ImageException Refused(string what) => new($"{path}: {what}");
}
