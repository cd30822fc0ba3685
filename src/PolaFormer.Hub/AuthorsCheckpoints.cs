namespace PolaFormer.Hub;

/// <summary>Finds the authors' file of a network by its name in the listing of their repository.</summary>
public static class AuthorsCheckpoints
{
    /// <summary>The repository with Pola-PVT-T/S and Pola-Swin-T/S/B.</summary>
    public const string Repository = "ZachMeng/PolaFormer";

    private static readonly string[] s_endings = [".safetensors", ".pth", ".pt", ".bin", ".tar"];
    private static readonly string[] s_sizes = ["tiny", "small", "medium", "base", "large"];

    /// <summary>The file of a network such as <c>pola_pvt_tiny</c>: the one whose name holds the family and the size, or the size's first letter.</summary>
    /// <param name="network">Name in the registry.</param>
    /// <param name="files">Names of the repository's files.</param>
    /// <exception cref="ArgumentException">None fits, or several.</exception>
    public static string Find(string network, IReadOnlyList<string> files)
    {
        string[] words = Words(network);
        string? family = words.FirstOrDefault(word => word is "pvt" or "swin"), size = words.FirstOrDefault(s_sizes.Contains);
        bool isLarger = words.Contains("384");
        string[] known = [.. files.Where(file => s_endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))];
        string[] fitting = family is null || size is null || words.Contains("v2") ? [] : [.. known.Where(file => Fits(file, family, size) && Words(file).Contains("384") == isLarger)];
        return fitting.Length == 1
            ? fitting[0]
            : throw new ArgumentException($"'{network}' names {(fitting.Length == 0 ? "no checkpoint" : "several checkpoints")} of {Repository}{(fitting.Length > 1 ? $" ({string.Join(", ", fitting)})" : "")}. Name one by hf://{Repository}/FILE; there {(known.Length == 0 ? "is none" : $"are {string.Join(", ", known)}")}.");
    }

    private static bool Fits(string file, string family, string size)
    {
        string[] words = Words(file);
        return words.Any(word => word.Contains(family, StringComparison.Ordinal)) &&
            words.Any(word => word == size || word == size[..1] || word == family + size || word == family + size[0]);
    }

    private static string[] Words(string name) =>
        new string([.. name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
