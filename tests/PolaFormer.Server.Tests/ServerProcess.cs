using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace PolaFormer.Server.Tests;

/// <summary>The server's program in a process of its own, as an operator runs it.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    /// <summary>A client of it.</summary>
    public HttpClient Client { get; } = new();

    /// <summary>What it has printed.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>Starts it on a free port and waits until it is ready.</summary>
    /// <param name="arguments">Options.</param>
    public static Task<ServerProcess> StartAsync(params string[] arguments) => StartAsync([], arguments);

    /// <summary>Starts it by another program, such as one that takes rights away.</summary>
    /// <param name="prefix">The program and its arguments.</param>
    /// <param name="arguments">Options of the server.</param>
    /// <param name="variables">Variables of the environment.</param>
    public static async Task<ServerProcess> StartAsync(string[] prefix, string[] arguments, params (string Name, string Value)[] variables)
    {
        string[] words = [.. prefix, DotnetPath, Path.Combine(AppContext.BaseDirectory, "polaformer-server.dll"), "--port", "0", .. arguments];
        var start = new ProcessStartInfo(words[0]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (string word in words[1..])
            start.ArgumentList.Add(word);
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        var server = new ServerProcess(Process.Start(start)!);
        Task<string> errors = server._process.StandardError.ReadToEndAsync();
        while (await server._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            server.Lines.Add(line);
            if (ReadyLine().Match(line) is { Success: true } ready)
            {
                server.Client.BaseAddress = new Uri(ready.Groups["address"].Value);
                return server;
            }
        }

        throw new InvalidOperationException($"The server ended: {await errors}");
    }

    /// <summary>Runs it until it ends by itself.</summary>
    public static async Task<(int ExitCode, string Error)> FailAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(DotnetPath) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string word in (string[])[Path.Combine(AppContext.BaseDirectory, "polaformer-server.dll"), .. arguments])
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error);
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    /// <summary>Waits until it has ended; the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static string DotnetPath { get; } = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    [GeneratedRegex(@"Ready on (?<address>http://[0-9.:]+)")]
    private static partial Regex ReadyLine();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
