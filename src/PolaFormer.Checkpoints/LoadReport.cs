namespace PolaFormer.Checkpoints;

/// <summary>What loading a state dict into a model found.</summary>
/// <param name="Loaded">Names in both.</param>
/// <param name="Missing">Names of the model that the checkpoint lacks.</param>
/// <param name="Unexpected">Names of the checkpoint that the model lacks.</param>
/// <param name="Mismatched">Names in both whose shapes differ, with the two shapes.</param>
public sealed record LoadReport(
    IReadOnlyList<string> Loaded,
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Mismatched)
{
    /// <summary>Whether every name and shape agreed.</summary>
    public bool IsExact => Missing.Count == 0 && Unexpected.Count == 0 && Mismatched.Count == 0;

    /// <summary>The differences in one line, a few names of each kind.</summary>
    public override string ToString()
    {
        IEnumerable<string> parts = [Describe("missing", Missing), Describe("unexpected", Unexpected), Describe("of another shape", Mismatched)];
        return $"{Loaded.Count} tensors loaded{string.Concat(parts)}";
    }

    private static string Describe(string kind, IReadOnlyList<string> names) => names.Count switch
    {
        0 => "",
        <= 3 => $"; {names.Count} {kind}: {string.Join(", ", names)}",
        _ => $"; {names.Count} {kind}: {string.Join(", ", names.Take(3))}, …",
    };
}
