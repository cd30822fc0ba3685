using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace PolaFormer.Files;

/// <summary>
/// The temporary files that are being written. A program whose work is one file can have them removed when it is ended by a
/// signal; a training run, which finishes and saves then, must not.
/// </summary>
public static class UnfinishedFiles
{
    private static readonly ConcurrentDictionary<string, bool> s_paths = new();

    /// <summary>Until disposal, SIGINT, SIGTERM and SIGHUP remove the files before they end the process.</summary>
    public static IDisposable RemoveOnSignals() =>
        new Registrations([.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Where(signal => !IsIgnored(signal)).Select(signal => PosixSignalRegistration.Create(signal, Remove))]);

    internal static void Add(string path) => s_paths[path] = true;

    internal static void Forget(string path) => s_paths.TryRemove(path, out _);

    private static void Remove(PosixSignalContext context)
    {
        foreach (string path in s_paths.Keys)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The process ends all the same; a later run knows the file by its ending.
            }
        }
    }

    // Under nohup the hangup signal is ignored and the work goes on, so its file must stay.
    private static bool IsIgnored(PosixSignal signal)
    {
        if (!OperatingSystem.IsLinux() || signal != PosixSignal.SIGHUP)
            return false;
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return line is not null && (ulong.Parse(line.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;
    }

    private sealed class Registrations(PosixSignalRegistration[] signals) : IDisposable
    {
        public void Dispose()
        {
            foreach (PosixSignalRegistration signal in signals)
                signal.Dispose();
        }
    }
}
