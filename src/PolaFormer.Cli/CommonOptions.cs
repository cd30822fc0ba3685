using System.CommandLine;
using System.Text.Json;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary>Options and output that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>JSON for programs: one line, names as documented, characters unescaped.</summary>
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Output for programs.</summary>
    public static Option<bool> JsonOutput() => new("--json") { Description = "Print JSON instead of text." };

    /// <summary>Fast instead of exact decoding.</summary>
    public static Option<bool> FastDecode() => new("--fast-decode") { Description = "Decode large JPEGs at reduced size: faster, slightly different pixels." };

    /// <summary>Worker threads.</summary>
    public static Option<int?> Threads() => new("--threads") { HelpName = "N", Description = "Threads to compute with; all processors by default." };

    /// <summary>Applies <see cref="Threads"/>.</summary>
    public static void UseThreads(int? threads)
    {
        if (threads is < 1)
            throw new ArgumentException($"--threads takes a positive number, not {threads}.");
        if (threads is { } count)
            Workers.ThreadCount = count;
    }

    /// <summary>Prints an object as JSON.</summary>
    public static void PrintJson(object value) => Console.WriteLine(JsonSerializer.Serialize(value, Json));
}
