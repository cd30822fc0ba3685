using System.Globalization;
using System.Text.Json;

namespace PolaFormer.Checkpoints;

/// <summary>The string metadata that descriptions of networks are made of: texts, numbers and lists. What is read is untrusted.</summary>
public static class DescriptionText
{
    // A small file may not ask for much work.
    private const int MaxSide = 1 << 16;

    /// <summary>An entry as text; null where there is none.</summary>
    public static string? Text(this Checkpoint checkpoint, string key) => checkpoint.Metadata.TryGetValue(key, out object? value) ? value as string : null;

    /// <summary>An entry as a number; null where there is none.</summary>
    /// <exception cref="FormatException">It is no number.</exception>
    public static double? Number(this Checkpoint checkpoint, string key) => checkpoint.Text(key) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>An entry as a whole number; null where there is none.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    /// <exception cref="OverflowException">It is too large.</exception>
    public static int? WholeNumber(this Checkpoint checkpoint, string key) => checkpoint.Text(key) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>An entry as a list; null where there is none.</summary>
    /// <exception cref="FormatException">It is null.</exception>
    /// <exception cref="JsonException">It is no list of such values.</exception>
    public static T[]? List<T>(this Checkpoint checkpoint, string key) =>
        checkpoint.Text(key) is { } text ? (T[]?)JsonSerializer.Deserialize(text, typeof(T[]), DescriptionJson.Default) ?? throw new FormatException($"{key} is null, not a list") : null;

    /// <summary>A list as an entry: of texts, numbers, or lists of whole numbers.</summary>
    public static string ListText<T>(IEnumerable<T> values) => JsonSerializer.Serialize(values.ToArray(), typeof(T[]), DescriptionJson.Default);

    /// <summary>The entry <c>labels</c>, the name of each class; null where there is none.</summary>
    /// <exception cref="FormatException">It is no list of names.</exception>
    /// <exception cref="JsonException">It is no list.</exception>
    public static string[]? Labels(this Checkpoint checkpoint) => checkpoint.List<string?>("labels") is { } labels
        ? [.. labels.Select((label, index) => label ?? throw new FormatException($"label {index} is null, not a name"))]
        : null;

    /// <summary>The entry <c>scale</c>, the limits of a photograph's long and short side in pixels.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="published">The scale where there is no entry.</param>
    /// <exception cref="FormatException">It is no two sides.</exception>
    /// <exception cref="JsonException">It is no list.</exception>
    public static (int Long, int Short) Scale(this Checkpoint checkpoint, (int Long, int Short) published) => checkpoint.List<int>("scale") switch
    {
        null => published,
        [>= 1 and <= MaxSide, >= 1 and <= MaxSide] sides => (sides[0], sides[1]),
        _ => throw new FormatException($"scale is {checkpoint.Text("scale")}, and must be two sides in [1, {MaxSide}]"),
    };

    /// <summary>Adds a number, unless it is null, so that reading gives the same bits.</summary>
    public static void AddNumber(this IDictionary<string, string> metadata, string key, double? value)
    {
        if (value is { } number)
            metadata[key] = number.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a description, and says of damaged metadata in which file it is.</summary>
    /// <exception cref="CheckpointException">The metadata is damaged.</exception>
    public static T Described<T>(this Checkpoint checkpoint, Func<T> read)
    {
        try
        {
            return read();
        }
        // Texts that are no UTF-16 surface as InvalidOperationException.
        catch (Exception error) when (error is FormatException or OverflowException or JsonException or InvalidOperationException or ArgumentException)
        {
            throw new CheckpointException(checkpoint.Name, $"its description of the network cannot be read ({error.Message.TrimEnd('.')}). Save the network again, or correct its metadata.", error);
        }
    }
}
