using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Attention;

/// <summary>Every mechanism by name, those for images first.</summary>
public static class AttentionRegistry
{
    /// <summary>All entries.</summary>
    public static IReadOnlyList<AttentionEntry> All { get; } =
    [
        new("elu", "Linear (ELU + 1)", "Katharopoulos et al., ICML 2020", "O(N·d²)", shape => new EluLinearAttention(shape)),
    ];

    /// <summary>The entry of a name.</summary>
    /// <exception cref="ArgumentException">No such name; the message lists those there are.</exception>
    public static AttentionEntry Find(string name) =>
        All.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ArgumentException($"There is no attention '{name}'. Registered: {string.Join(", ", All.Select(entry => entry.Name))}.");
}
