using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Training;

/// <summary>When, where and by what a run was started.</summary>
/// <param name="Started">Date and time with the distance from UTC, ISO 8601.</param>
/// <param name="Machine">Processor, threads, memory, operating system.</param>
/// <param name="Software">Versions of the program and of .NET.</param>
/// <param name="Command">The command line.</param>
/// <param name="Seed">What everything random follows from.</param>
/// <param name="Device">What computes.</param>
public sealed record RunEnvironment(string Started, string Machine, string Software, string Command, ulong Seed, string Device)
{
    private const double Gibi = 1L << 30;
    private const string ProcessorKey = "model name";

    /// <summary>That of this process.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="device">Name of the device.</param>
    public static RunEnvironment Of(ulong seed, string device)
    {
        string version = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        return new RunEnvironment(
            DateTimeOffset.Now.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{Processor()}, {Workers.ThreadCount} of {Environment.ProcessorCount} threads, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Gibi:F0} GiB, {RuntimeInformation.OSDescription}"),
            $"PolaFormer {version}, .NET {Environment.Version}",
            string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Prepend("polaformer").Select(Quoted)),
            seed, device);
    }

    private static string Processor()
    {
        const string file = "/proc/cpuinfo";
        string? line = null;
        try
        {
            line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(entry => entry.StartsWith(ProcessorKey, StringComparison.Ordinal)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The kind of processor is what is left to say.
        }

        return line?.Split(':', 2)[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string Quoted(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"\"{argument}\"" : argument;
}
