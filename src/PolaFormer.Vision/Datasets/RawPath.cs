using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// Paths with names that are not UTF-8, as Linux allows them. .NET cannot open such a file; here a byte that belongs to no character stands
/// in the string as U+DC00 + byte, as in Python (PEP 383), and the system is asked with the bytes.
/// </summary>
internal static unsafe partial class RawPath
{
    private const char FirstEscape = '\uDC80', LastEscape = '\uDCFF';

    /// <summary>Offset of the name in glibc's and musl's 64-bit <c>struct dirent</c>.</summary>
    private const int DirectoryEntryName = 19;

    /// <summary>O_PATH | O_CLOEXEC: the place alone, whatever lies there.</summary>
    private const int OpenPlace = 0x200000 | 0x80000;

    /// <summary>Whether a system is one that has such names, and one that is known here.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Whether a path holds a byte that belongs to no character.</summary>
    public static bool Has(string path) => path.AsSpan().ContainsAnyInRange(FirstEscape, LastEscape) && HasLoneEscape(path);

    /// <summary>The path as text to show and to store: such bytes are read as Latin-1.</summary>
    public static string Readable(string path) => Has(path) ? string.Create(path.Length, path, static (text, path) =>
    {
        for (int i = 0; i < text.Length; i++)
            text[i] = IsLoneEscape(path, i) ? (char)(path[i] & 0xFF) : path[i];
    }) : path;

    /// <summary>A name of an archive as text: UTF-8, and Latin-1 where it is none.</summary>
    public static string Readable(ReadOnlySpan<byte> name) => Readable(Decode(name));

    /// <summary>A string of a path's bytes that can be turned back.</summary>
    public static string Decode(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(path, out Rune character, out int bytes) == System.Buffers.OperationStatus.Done)
                text.Append(character.ToString());
            else
                foreach (byte value in path[..bytes])
                    text.Append((char)(0xDC00 + value));
            path = path[bytes..];
        }
        return text.ToString();
    }

    /// <summary>The names in a folder, other than <c>.</c> and <c>..</c>.</summary>
    /// <exception cref="IOException">It cannot be listed.</exception>
    public static List<string> List(string folder)
    {
        nint directory;
        fixed (byte* path = Encode(folder))
            directory = OpenDirectory(path);
        if (directory == 0)
            throw new IOException($"{Readable(folder)} cannot be listed");
        try
        {
            var names = new List<string>();
            while (ReadDirectory(directory) is var entry && entry != null)
            {
                string name = Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + DirectoryEntryName));
                if (name is not ("." or ".."))
                    names.Add(name);
            }
            return names;
        }
        finally
        {
            _ = CloseDirectory(directory);
        }
    }

    /// <summary>Whether a folder lies at a path, links followed.</summary>
    public static bool IsFolder(string path)
    {
        if (!Has(path))
            return Directory.Exists(path);
        using SafeFileHandle place = Hold(path, out string name);
        return !place.IsInvalid && Directory.Exists(name);
    }

    /// <summary>Holds the place that a path names; while it is held, <paramref name="name"/> is another name of it, which .NET can open.</summary>
    public static SafeFileHandle Hold(string path, out string name)
    {
        int descriptor;
        fixed (byte* bytes = Encode(path))
            descriptor = Open(bytes, OpenPlace);
        name = $"/proc/self/fd/{descriptor}";
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The path of a folder without links in it: the same for every way that leads there.</summary>
    public static string WithoutLinks(string folder)
    {
        if (OperatingSystem.IsWindows())
            return Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(folder);
        fixed (byte* path = Encode(folder))
        {
            byte* real = RealPath(path, null);
            if (real == null)
                throw new IOException($"{Readable(folder)} cannot be found");
            string result = Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(real));
            NativeMemory.Free(real);
            return result;
        }
    }

    private static bool HasLoneEscape(string path)
    {
        for (int i = 0; i < path.Length; i++)
            if (IsLoneEscape(path, i))
                return true;
        return false;
    }

    // The second half of a surrogate pair lies in the same range.
    private static bool IsLoneEscape(string path, int i) => path[i] is >= FirstEscape and <= LastEscape && (i == 0 || !char.IsHighSurrogate(path[i - 1]));

    /// <summary>The bytes of a path, with a zero behind them.</summary>
    private static byte[] Encode(string path)
    {
        var bytes = new List<byte>(path.Length + 1);
        Span<byte> buffer = stackalloc byte[4];
        for (int i = 0; i < path.Length; i++)
        {
            if (IsLoneEscape(path, i))
            {
                bytes.Add((byte)path[i]);
                continue;
            }
            Rune character = Rune.TryGetRuneAt(path, i, out Rune found) ? found : Rune.ReplacementChar;
            bytes.AddRange(buffer[..character.EncodeToUtf8(buffer)]);
            i += character.Utf16SequenceLength - 1;
        }
        return [.. bytes, 0];
    }

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "opendir")]
    private static partial nint OpenDirectory(byte* path);

    [LibraryImport("libc", EntryPoint = "readdir")]
    private static partial byte* ReadDirectory(nint directory);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseDirectory(nint directory);

    [LibraryImport("libc", EntryPoint = "realpath")]
    private static partial byte* RealPath(byte* path, byte* resolved);
}
