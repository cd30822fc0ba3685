using System.Diagnostics;

namespace PolaFormer.Cli.Tests;

/// <summary>A file system in memory of a few megabytes, to be filled; only root can mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Megabytes = 6;

    private readonly bool _isMounted;

    public SmallDisk()
    {
        _isMounted = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m", "tmpfs", Path);
        if (!_isMounted)
            Directory.Delete(Path);
        Assert.SkipUnless(_isMounted, "A full disk is tried on a small file system in memory, which only root on Linux can mount.");
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory().FullName;

    private string Filler => System.IO.Path.Combine(Path, "filler");

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        Directory.Delete(Path);
    }

    /// <summary>Takes all space that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (int size = 1 << 20; size > 0; size /= 2)
        {
            try
            {
                file.Write(new byte[size]);
                size *= 2;
            }
            catch (IOException)
            {
                // So much is not left; half of it may be.
            }
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => File.Delete(Filler);

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
