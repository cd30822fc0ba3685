using PolaFormer.Server.Scheduling;

namespace PolaFormer.Server.Repository;

/// <summary>A model that may be served: a file under a name.</summary>
/// <param name="Name">The name in addresses.</param>
/// <param name="File">The checkpoint.</param>
internal sealed record ModelSource(string Name, string File)
{
    private const int MaxNameLength = 100;

    /// <summary>How its requests are queued; null for the server's settings.</summary>
    public SchedulingOptions? Scheduling { get; init; }

    /// <summary>Whether a name can stand in an address and in metrics as it is: letters, digits, point, dash and underscore, a letter or digit first.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>Reads NAME=FILE.</summary>
    /// <exception cref="ArgumentException">It is not of that form.</exception>
    public static ModelSource Parse(string text)
    {
        string[] parts = text.Split('=', 2);
        return parts.Length == 2 && IsName(parts[0]) && parts[1].Length > 0
            ? new ModelSource(parts[0], parts[1])
            : throw new ArgumentException($"--model takes NAME=FILE with a name of letters, digits, points, dashes and underscores, not '{text}'.");
    }
}
