using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PolaFormer.Files;

/// <summary>The names in a folder, as the disk has them.</summary>
internal static partial class FolderEntries
{
    /// <summary>Flushes the names to the disk, so that a rename survives a loss of power. Windows writes them by itself.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var handle = new SafeFileHandle(Open(folder, flags: 0), ownsHandle: true);
        // Some network file systems cannot flush a folder; the rename has happened all the same.
        if (!handle.IsInvalid)
            _ = Synchronize(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(SafeFileHandle file);
}
