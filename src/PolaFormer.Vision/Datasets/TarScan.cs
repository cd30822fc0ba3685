using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace PolaFormer.Vision.Datasets;

/// <summary>What tar archives and shards have in common: walking over headers, and reading where a file lies.</summary>
internal static class TarScan
{
    /// <summary>The regular files of an archive in order. Their data are passed over unread where the stream can seek.</summary>
    /// <param name="archive">The archive, unpacked.</param>
    /// <param name="path">For messages.</param>
    /// <param name="maxBytes">What its files may take together.</param>
    public static IEnumerable<TarEntry> Files(Stream archive, string path, long maxBytes)
    {
        using var reader = new TarReader(archive, leaveOpen: true);
        long total = 0;
        for (int count = 0; reader.GetNextEntry() is { } entry; count++)
        {
            total += entry.Length;
            if (count == IImageArchive.MaxEntries || total > maxBytes)
                throw new ImageException($"{path}: more than {IImageArchive.MaxEntries} entries or {maxBytes} bytes: damaged or cut off");
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
                yield return entry;
        }
    }

    /// <summary>The bytes of the entry at which a scan stands; its length was checked.</summary>
    public static byte[] Bytes(TarEntry entry)
    {
        byte[] data = new byte[entry.Length];
        entry.DataStream?.ReadExactly(data);
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
}
