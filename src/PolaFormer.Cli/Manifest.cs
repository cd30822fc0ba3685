using System.Text.Json;
using PolaFormer.Files;

namespace PolaFormer.Cli;

/// <summary>A list of inputs in JSON, one a line: <c>{"id": "a", "file": "a.jpg"}</c> or <c>{"id": "b", "text": "…"}</c>. It is read as it is needed, for it may have millions of lines.</summary>
internal static class Manifest
{
    private const int MaxLineLength = 1 << 20;

    /// <summary>The inputs of a part. What is wrong with a line is told of that input alone.</summary>
    /// <param name="path">The list; names of files in it are taken from its folder.</param>
    /// <param name="shard">The part.</param>
    /// <exception cref="FileException">It cannot be read, or a line is longer than a mebibyte.</exception>
    public static IEnumerable<ManifestItem> Read(string path, Shard shard)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        using var reader = new StreamReader(InputFile.Open(path));
        for (long line = 0; reader.ReadLine() is { } text; line++)
        {
            if (text.Length > MaxLineLength)
                throw new FileException(path, $"line {line + 1} has more than {MaxLineLength} characters. Write one object a line.");
            if (shard.Has(line) && !string.IsNullOrWhiteSpace(text))
                yield return Parse(line, text, folder);
        }
    }

    private static ManifestItem Parse(long line, string text, string folder)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            string? file = TextOf(root, "file"), first = TextOf(root, "text");
            string? problem = file is null == first is null ? "the line has one of 'file' and 'text'" : null;
            return new ManifestItem(line, TextOf(root, "id") ?? file ?? $"{line + 1}", file is null ? null : Path.Combine(folder, file), first, TextOf(root, "second"), problem);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return new ManifestItem(line, $"{line + 1}", null, null, null, "the line is no JSON object of texts");
        }
    }

    private static string? TextOf(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}

/// <summary>An input of a list.</summary>
/// <param name="Line">Number of its line, from 0.</param>
/// <param name="Id">Its name.</param>
/// <param name="File">Path of a file; null for a text.</param>
/// <param name="Text">A text; null for a file.</param>
/// <param name="Second">The text that it is compared with; null for none.</param>
/// <param name="Problem">What is wrong with the line; null for nothing.</param>
internal sealed record ManifestItem(long Line, string Id, string? File, string? Text, string? Second, string? Problem);
