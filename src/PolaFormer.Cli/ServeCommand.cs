using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PolaFormer.Cli;

/// <summary><c>serve</c>: starts the server, a program of its own, so that the other commands start without a web framework.</summary>
internal static partial class ServeCommand
{
    private const string Name = "polaformer-server";

    public static Command Create()
    {
        var options = new Argument<string[]>("OPTION") { Arity = ArgumentArity.ZeroOrMore, Description = $"Options of the server: --model NAME=FILE, --models FOLDER, --port N; '{Name} --help' shows all." };
        var command = new Command("serve", "Serve networks over HTTP and gRPC, with a page for people.") { options };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed => Run([.. parsed.Tokens.Skip(1).Select(token => token.Value)]));
        return command;
    }

    private static int Run(string[] arguments)
    {
        using Process server = Process.Start(new ProcessStartInfo(Find(), arguments)) ?? throw new InvalidOperationException($"{Name} did not start.");

        // A terminal tells the server of Ctrl+C itself; a supervisor knows this process alone.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Pass(signal, server, 15));
        using PosixSignalRegistration hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Pass(signal, server, 1));
        server.WaitForExit();
        return server.ExitCode;
    }

    private static void Pass(PosixSignalContext signal, Process server, int number)
    {
        signal.Cancel = true;
        if (OperatingSystem.IsWindows())
            server.Kill();
        else
            Kill(server.Id, number);
    }

    // Beside this program, as a container has it; or where tools are installed.
    private static string Find()
    {
        string file = OperatingSystem.IsWindows() ? $"{Name}.exe" : Name;
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Prepend(AppContext.BaseDirectory);
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The server is not installed. Install it with 'dotnet tool install --global PolaFormer.Server', or run ./polaformer serve in a checkout.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
