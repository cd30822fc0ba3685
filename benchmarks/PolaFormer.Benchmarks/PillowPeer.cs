using System.Diagnostics;
using System.Globalization;

namespace PolaFormer.Benchmarks;

/// <summary>A Python process that measures Pillow when asked.</summary>
internal sealed class PillowPeer : IDisposable
{
    private readonly Process _process;

    private PillowPeer(Process process) => _process = process;

    /// <summary>Starts a script of benchmarks/peers; null where it is not to be found. PYTHON names another interpreter.</summary>
    public static PillowPeer? Start(string script, string argument)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "benchmarks", "peers", script);
            if (!File.Exists(path))
                continue;
            string python = Environment.GetEnvironmentVariable("PYTHON") ?? "python3";
            Process? process = Process.Start(new ProcessStartInfo(python, [path, argument]) { RedirectStandardInput = true, RedirectStandardOutput = true });
            return process is null ? null : new(process);
        }
        return null;
    }

    /// <summary>Images/s of a part; not a number where the script has ended, as it does without Pillow.</summary>
    public double Ask(string part)
    {
        if (_process.HasExited)
            return double.NaN;
        _process.StandardInput.WriteLine(part);
        return double.TryParse(_process.StandardOutput.ReadLine(), NumberStyles.Float, CultureInfo.InvariantCulture, out double rate) ? rate : double.NaN;
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();
}
