using System.Diagnostics;

namespace PolaFormer.Cli.Tests;

/// <summary>The command <c>train</c> in a process of its own, to be killed.</summary>
internal static class TrainingProcess
{
    /// <summary>Starts or continues a run.</summary>
    /// <param name="arguments">What follows <c>train</c>; every step is to be printed.</param>
    /// <param name="firstStep">Done at the first step, or the end.</param>
    /// <param name="onLine">Told every printed line.</param>
    public static Process Start(IEnumerable<string> arguments, out Task firstStep, Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "polaformer.dll"), "train", .. arguments])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Polaformer.Root,
        };
        Process process = Process.Start(start)!;
        var stepped = new TaskCompletionSource();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
                onLine?.Invoke(line.Data);
            if (line.Data is null || line.Data.Contains("step", StringComparison.Ordinal))
                stepped.TrySetResult();
        };
        firstStep = stepped.Task;
        process.BeginOutputReadLine();
        return process;
    }
}
