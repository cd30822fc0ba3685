using System.CommandLine;
using PolaFormer.Analysis.Figures;
using PolaFormer.NN.Attention;

namespace PolaFormer.Cli.Analysis;

/// <summary>Options that the commands which look into attention share.</summary>
internal static class AnalysisOptions
{
    public static Argument<string> Image() => new("IMAGE") { Description = "An image file: JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO." };

    public static Argument<string> ImageOrFolder() => new("IMAGE") { Description = "An image file (JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO), or a folder of images." };

    public static Option<string?> Checkpoint() => new("--checkpoint") { HelpName = "FILE", Description = "A .safetensors or .pth file; the shipped model by default." };

    public static Option<string?> Model() => new("--model") { HelpName = "NAME", Description = "Registered architecture of the checkpoint; found out by default." };

    public static Option<string?> Html() => new("--html") { HelpName = "FILE", Description = "Also write a report that needs nothing but a browser." };

    public static Option<string[]> Mechanisms(string description) => new("--mechanisms", "--mechanism")
    {
        HelpName = "NAME,…",
        Description = description,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    /// <summary>Makes sure that a file's ending is one of a figure.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static void CheckFigure(string option, string? path)
    {
        if (path is not null && !Figure.HasEnding(path))
            throw new ArgumentException($"{option} {path}: a figure is written as PNG, SVG or PDF; name the file …{string.Join(", …", Figure.Endings)}.");
    }

    /// <summary>The registered mechanisms of names between commas or spaces, each once; "all" for all, none for no names.</summary>
    /// <exception cref="ArgumentException">There is no such mechanism, or nothing stands between the commas.</exception>
    public static IReadOnlyList<AttentionEntry> Entries(string[]? names)
    {
        string[] parts = [.. AttentionRegistry.Names(names ?? []).Distinct(StringComparer.Ordinal)];
        if (names is { Length: > 0 } && parts.Length == 0)
            throw new ArgumentException($"--mechanisms takes names of mechanisms, not '{string.Join(' ', names)}'.");
        return parts is ["all"] ? AttentionRegistry.All : [.. parts.Select(AttentionRegistry.Find)];
    }
}
