using PolaFormer.Hub;

namespace PolaFormer.Cli;

/// <summary>Checkpoints by their address on the hub, wherever a command takes a file: <c>--checkpoint hf://OWNER/REPOSITORY/FILE</c>.</summary>
internal static class HubFiles
{
    /// <summary>The arguments with every address replaced by the file in the cache, which is fetched where it is not there.</summary>
    /// <exception cref="Files.FileException">A file cannot be fetched.</exception>
    public static string[] Replace(string[] arguments) => [.. arguments.Select(argument => HubAddress.Is(argument) ? Fetch(HubAddress.Parse(argument), refresh: false) : argument)];

    /// <summary>The path of a file in the cache; what comes of it is shown on standard error.</summary>
    /// <param name="address">The file.</param>
    /// <param name="refresh">Whether to fetch it although it is there.</param>
    /// <exception cref="Files.FileException">It cannot be fetched.</exception>
    public static string Fetch(HubAddress address, bool refresh)
    {
        using var client = new HubClient(HubOptions.FromEnvironment());
        using var stop = new StopSignals();
        var progress = new Progress(address.ToString());
        try
        {
            return client.Fetch(address, refresh, progress, stop.Token).GetAwaiter().GetResult();
        }
        finally
        {
            progress.End();
        }
    }

    /// <summary>The names of a repository's files.</summary>
    /// <exception cref="Files.FileException">It cannot be asked.</exception>
    public static IReadOnlyList<string> List(string repository)
    {
        using var client = new HubClient(HubOptions.FromEnvironment());
        return client.List(repository).GetAwaiter().GetResult();
    }

    // One line that moves, on a terminal alone.
    private sealed class Progress(string name) : IProgress<HubProgress>
    {
        private const double Megabyte = 1e6;
        private long _shownAt;
        private bool _isShown;

        public void Report(HubProgress value)
        {
            if (Console.IsErrorRedirected || Environment.TickCount64 - _shownAt < 100)
                return;
            (_shownAt, _isShown) = (Environment.TickCount64, true);
            Console.Error.Write(FormattableString.Invariant($"\r{name}: {value.Bytes / Megabyte:F1}{(value.Total is { } total ? $" of {total / Megabyte:F1}" : "")} MB\e[K"));
        }

        public void End()
        {
            if (_isShown)
                Console.Error.WriteLine();
        }
    }
}
