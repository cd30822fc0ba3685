using System.Text.Json;
using PolaFormer.Files;

namespace PolaFormer.Reproduction;

/// <summary>
/// Finished cells of a table, one small file each, so that a measurement can be stopped at any moment and goes on where it was. A cell
/// is named by all that it depends on; with other settings it is another cell.
/// </summary>
/// <param name="folder">Where they lie; made when the first is saved.</param>
public sealed class CellStore(string folder)
{
    private const long MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>A finished cell; null where there is none.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="FileException">Its file cannot be read or is damaged.</exception>
    public T? Find<T>(string name)
        where T : class
    {
        string path = PathOf(name);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(InputFile.ReadAllBytes(path, MaxBytes), s_json) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new FileException(path, $"it is no finished cell of a table ({error.Message}). Delete it, and the cell is computed again.");
        }
    }

    /// <summary>Saves a cell, whole or not at all.</summary>
    /// <exception cref="FileException">It cannot be written.</exception>
    public void Save<T>(string name, T cell)
        where T : class
    {
        Directory.CreateDirectory(folder);
        OutputFile.Write(PathOf(name), JsonSerializer.Serialize(cell, s_json));
    }

    /// <summary>A name without what file systems do not take: those of mechanisms have brackets and commas.</summary>
    internal static string FileNameOf(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '=' ? c : '_'));

    private string PathOf(string name) => Path.Combine(folder, FileNameOf(name) + ".json");
}
