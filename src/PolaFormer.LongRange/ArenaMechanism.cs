using PolaFormer.NN.Attention;

namespace PolaFormer.LongRange;

/// <summary>A row of the paper's table 4: a mechanism with the settings of the Skyformer repository's configuration.</summary>
/// <param name="Title">Name in the table.</param>
/// <param name="Attention">Name in the registry, with options.</param>
public sealed record ArenaMechanism(string Title, string Attention)
{
    private const int Features = 128;

    /// <summary>The rows, in the table's order.</summary>
    public static IReadOnlyList<ArenaMechanism> All { get; } =
    [
        new("Transformer", "softmax"),
        new("LocalAttn", "local"),
        new("LinearTrans.", "elu"),
        new("Reformer", "reformer(rounds=2)"),
        new("Performer", $"performer(features={Features})"),
        new("Synthesizer", "synthesizer-factorized"),
        new("Longformer", "longformer"),
        new("Informer", "informer"),
        new("Bigbird", "bigbird(block=64,random=3)"),
        new("Linformer", $"linformer(rank={Features})"),
        new("Kernelized", "kernelized"),
        new("Cosformer", "cosformer"),
        new("Nystrom", $"nystromformer(landmarks={Features})"),
        new("Skyformer", $"skyformer(samples={Features})"),
        new("Hedgehog", "hedgehog"),
        new("PolaFormer α=3", "polarity(alpha=3)"),
        new("PolaFormer α=5", "polarity(alpha=5)"),
        new("PolaFormer α=7", "polarity(alpha=7)"),
    ];

    /// <summary>The mechanism that a name means in the arena: a name without options takes those of the table's first row of it.</summary>
    /// <param name="name">A name of the registry, with options or without.</param>
    /// <param name="length">Tokens of a row; Informer's samples follow from it.</param>
    /// <exception cref="ArgumentException">There is no such mechanism.</exception>
    public static string Resolve(string name, int length)
    {
        string resolved = name.Contains('(', StringComparison.Ordinal) ? name : All.FirstOrDefault(row => NameOf(row.Attention) == name)?.Attention ?? name;
        if (resolved == "informer")
            resolved = InformerOf(length);
        return AttentionRegistry.Find(resolved).Name;
    }

    // Skyformer's attention_informer.py: factors of logarithms, rounded up.
    private static string InformerOf(int length)
    {
        double logarithm = Math.Log(length);
        int count = Math.Min(length, (int)Math.Ceiling(Features / logarithm) * (int)Math.Ceiling(logarithm));
        return FormattableString.Invariant($"informer(keys={count},queries={count})");
    }

    private static string NameOf(string attention) => attention.Split('(')[0];
}
