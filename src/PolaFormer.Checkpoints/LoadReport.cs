namespace PolaFormer.Checkpoints;

/// <summary>What loading a state dict into a model found.</summary>
/// <param name="Loaded">Names in both.</param>
/// <param name="Missing">Names of the model that the checkpoint lacks.</param>
/// <param name="Unexpected">Names of the checkpoint that the model lacks.</param>
/// <param name="Mismatched">Names in both whose shapes differ, with the two shapes.</param>
/// <param name="Ambiguous">Pairs of the checkpoint's names that stand for the same tensor of the model.</param>
/// <param name="PassedOver">
/// Differences without influence on results, each with its kind: counters, and constants that the model computes for itself,
/// that are absent, of another type or shape, or of no part of the model.
/// </param>
public sealed record LoadReport(
    IReadOnlyList<string> Loaded,
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Mismatched,
    IReadOnlyList<string> Ambiguous,
    IReadOnlyList<string> PassedOver)
{
    /// <summary>Whether every name and shape agreed, but for what is passed over.</summary>
    public bool IsExact => Missing.Count == 0 && Unexpected.Count == 0 && Mismatched.Count == 0 && Ambiguous.Count == 0;

    /// <summary>The differences in one line, a few names of each kind.</summary>
    public override string ToString()
    {
        IEnumerable<string> parts =
        [
            Describe("missing", Missing), Describe("unexpected", Unexpected), Describe("of another shape", Mismatched),
            Describe("there twice", Ambiguous), Describe("passed over", PassedOver),
        ];
        return $"{Loaded.Count} tensors loaded{string.Concat(parts)}";
    }

    private static string Describe(string kind, IReadOnlyList<string> names) => names.Count switch
    {
        0 => "",
        <= 3 => $"; {names.Count} {kind}: {string.Join(", ", names)}",
        _ => $"; {names.Count} {kind}: {string.Join(", ", names.Take(3))}, …",
    };
}
