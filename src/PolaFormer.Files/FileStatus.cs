using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PolaFormer.Files;

/// <summary>Type and identity of a path, links followed, without opening it: opening a pipe waits for a writer.</summary>
internal readonly partial struct FileStatus
{
    private const int CurrentFolder = -100, StatusBytes = 256;
    private const uint BasicStatus = 0x7FF;
    private const ushort KindMask = 0xF000, RegularKind = 0x8000, WriteBits = 0b010_010_010;

    private FileStatus(bool isRegular, bool isWritable, UInt128 identity)
    {
        IsRegular = isRegular;
        IsWritable = isWritable;
        Identity = identity;
    }

    /// <summary>Whether it is a file with bytes: no folder, pipe, socket or device.</summary>
    public bool IsRegular { get; }

    /// <summary>Whether anybody may write it. The superuser may write every file, and yet a read-only file is meant to stay.</summary>
    public bool IsWritable { get; }

    /// <summary>Device and file number, equal for every path that leads to the same file; 0 where the system has none.</summary>
    public UInt128 Identity { get; }

    /// <summary>The status, or <see langword="null"/> where there is nothing at the path.</summary>
    public static FileStatus? Of(string path)
    {
        if (OperatingSystem.IsLinux())
            return OfLinux(path);
        var file = new FileInfo(path);
        if (!file.Exists)
            return Directory.Exists(path) ? new FileStatus(isRegular: false, isWritable: false, identity: 0) : null;
        bool isRegular = (file.Attributes & (FileAttributes.Device | FileAttributes.Directory)) == 0;
        return new FileStatus(isRegular, isWritable: !file.IsReadOnly, identity: 0);
    }

    /// <summary>By <c>statx</c>, whose layout is the same on every processor.</summary>
    private static FileStatus? OfLinux(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        if (StatX(CurrentFolder, path, flags: 0, BasicStatus, ref MemoryMarshal.GetReference(status)) != 0)
            return null;
        ushort mode = BinaryPrimitives.ReadUInt16LittleEndian(status[28..]);
        ulong file = BinaryPrimitives.ReadUInt64LittleEndian(status[32..]), device = BinaryPrimitives.ReadUInt64LittleEndian(status[136..]);
        return new FileStatus((mode & KindMask) == RegularKind, (mode & WriteBits) != 0, new UInt128(device, file));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, ref byte status);
}
