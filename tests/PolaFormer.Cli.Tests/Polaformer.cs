using System.Diagnostics;

namespace PolaFormer.Cli.Tests;

/// <summary>Runs the built command line in a process of its own, as a user does.</summary>
internal static class Polaformer
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static Task<(int ExitCode, string Output, string Error)> Run(params string[] arguments) => Run([], arguments);

    /// <summary>Runs it with variables of the environment set.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> Run((string Name, string Value)[] variables, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "polaformer.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
