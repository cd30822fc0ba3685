using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

/// <summary>A server in a process of its own.</summary>
internal sealed partial class ServerUnderTest : IDisposable
{
    private readonly Process _process;

    private ServerUnderTest(Process process, Uri address, TimeSpan startTime) => (_process, Address, StartTime) = (process, address, startTime);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>From the start of the process to its line that it is ready.</summary>
    public TimeSpan StartTime { get; }

    /// <summary>Memory that the process holds, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Starts a program and waits until it is ready.</summary>
    public static ServerUnderTest Start(string program, params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        var information = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        Process process = Process.Start(information)!;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (ReadyLine().Match(line) is { Success: true } ready)
            {
                // What it goes on to write must not fill the pipe.
                _ = process.StandardOutput.ReadToEndAsync();
                return new ServerUnderTest(process, new Uri(ready.Groups["address"].Value), Stopwatch.GetElapsedTime(start));
            }
        }

        throw new InvalidOperationException($"{program} ended.");
    }

    /// <summary>Ends it as a loss of power does.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [GeneratedRegex(@"Ready on (?<address>http://[0-9.:]+)")]
    private static partial Regex ReadyLine();
}
