using System.CommandLine;
using System.Text.Json;
using PolaFormer.NN.Attention;
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

    /// <summary>Another attention in a model.</summary>
    public static Option<string?> Attention() => new("--attention")
    {
        HelpName = "NAME[,NAME…]",
        Description = $"Put another attention into the model's stages, one for all of them or one each (MODEL.ATTENTION): {string.Join(", ", AttentionRegistry.All.Select(entry => entry.Name))}.",
    };

    /// <summary>The names that <see cref="Attention"/> gives, checked; none without it.</summary>
    public static string[] NamesOf(string? attention)
    {
        string[] names = attention?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        foreach (string name in names)
            AttentionRegistry.Find(name);
        return names;
    }

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
