namespace PolaFormer.Reproduction.Paper;

/// <summary>A row of the paper's table 4.</summary>
/// <param name="Title">Its name there.</param>
/// <param name="Attention">The mechanism by its name in the registry, without options unless they tell rows apart.</param>
/// <param name="Accuracies">Accuracy in %: Text, ListOps, Retrieval, Pathfinder, Image.</param>
/// <param name="Average">Printed average.</param>
/// <param name="Source">Whose numbers these are.</param>
public sealed record PaperAccuracies(string Title, string Attention, double[] Accuracies, double Average, string Source);

/// <summary>A column of the paper's table 6.</summary>
/// <param name="Title">Its name there.</param>
/// <param name="Attention">The mechanism by its name in the registry.</param>
/// <param name="Throughputs">Sequences (pairs) a second: Image, Pathfinder, ListOps, Text, Retrieval.</param>
/// <param name="Megabytes">Peak memory in MB of 2²⁰ bytes, in the same order.</param>
public sealed record PaperThroughputs(string Title, string Attention, double[] Throughputs, double[] Megabytes);

/// <summary>The paper's tables of Long Range Arena.</summary>
public static class PaperArena
{
    private const string Skyformer = "Skyformer's protocol", Google = "Google's leaderboard, other networks", Unsaid = "not said", Paper = "the paper";

    /// <summary>Tasks in the order of table 4.</summary>
    public static IReadOnlyList<string> Table4Tasks { get; } = ["text", "listops", "retrieval", "pathfinder", "image"];

    /// <summary>Tasks in the order of table 6.</summary>
    public static IReadOnlyList<string> Table6Tasks { get; } = ["image", "pathfinder", "listops", "text", "retrieval"];

    /// <summary>Table 4.</summary>
    public static IReadOnlyList<PaperAccuracies> Table4 { get; } =
    [
        new("Transformer", "softmax", [61.55, 38.71, 80.93, 70.39, 39.14], 58.14, Skyformer),
        new("LocalAttn", "local", [52.98, 15.82, 53.39, 66.63, 41.46], 46.06, Google),
        new("LinearTrans.", "elu", [65.90, 16.13, 53.09, 75.30, 42.34], 50.55, Google),
        new("Reformer", "reformer", [56.10, 37.27, 53.40, 68.50, 38.07], 50.67, Google),
        new("Performer", "performer", [65.40, 18.01, 53.82, 77.05, 42.77], 51.41, Google),
        new("Synthesizer", "synthesizer-factorized", [61.68, 36.99, 54.67, 69.45, 41.61], 52.88, Google),
        new("Longformer", "longformer", [62.85, 35.63, 56.89, 69.71, 42.22], 53.46, Google),
        new("Informer", "informer", [62.13, 37.05, 79.35, 56.44, 37.86], 54.57, Skyformer),
        new("Bigbird", "bigbird", [64.02, 36.05, 59.29, 74.87, 40.83], 55.01, Google),
        new("Linformer", "linformer", [57.29, 36.44, 77.85, 65.39, 38.43], 55.08, Skyformer),
        new("Kernelized", "kernelized", [60.02, 38.46, 82.11, 69.86, 32.63], 56.62, Skyformer),
        new("Cosformer", "cosformer", [63.54, 37.2, 80.28, 70.00, 35.84], 57.37, Unsaid),
        new("Nystrom", "nystromformer", [62.36, 37.95, 80.89, 69.34, 38.94], 57.90, Skyformer),
        new("Skyformer", "skyformer", [64.70, 38.69, 82.06, 70.73, 40.77], 59.39, "the Skyformer paper"),
        new("Hedgehog", "hedgehog", [64.60, 37.15, 82.24, 74.16, 40.15], 59.66, Unsaid),
        new("PolaFormer α=3", "polarity(alpha=3)", [73.06, 37.35, 80.50, 70.53, 42.15], 60.72, Paper),
        new("PolaFormer α=5", "polarity(alpha=5)", [72.33, 38.76, 80.37, 68.98, 41.91], 60.47, Paper),
        new("PolaFormer α=7", "polarity(alpha=7)", [71.93, 37.60, 81.47, 69.09, 42.77], 60.57, Paper),
    ];

    /// <summary>Table 6.</summary>
    public static IReadOnlyList<PaperThroughputs> Table6 { get; } =
    [
        new("Softmax", "softmax", [736.36, 691.67, 402.06, 252.06, 116.30], [9645, 4831, 4473, 17122, 8947]),
        new("Kernelized", "kernelized", [862.32, 811.59, 496.48, 327.27, 144.83], [13013, 6515, 6084, 11720, 10699]),
        new("Nystrom", "nystromformer", [1251.28, 1125.08, 834.85, 1330.68, 496.48], [5941, 2980, 1186, 2043, 2011]),
        new("Linformer", "linformer", [1613.19, 1057.03, 528.52, 970.90, 424.18], [3471, 1745, 881, 1742, 1649]),
        new("Informer", "informer", [85.85, 299.94, 305.53, 521.16, 142.94], [5357, 2687, 2737, 5736, 3399]),
        new("Skyformer", "skyformer", [923.04, 748.98, 627.14, 949.80, 348.60], [8091, 4055, 1712, 3082, 2987]),
        new("Pola", "polarity(alpha=3)", [1340.89, 1065.63, 949.80, 876.74, 344.93], [4505, 2286, 1151, 1155, 1139]),
    ];

    /// <summary>Appendix A.4: starts of the coefficients G on Text, with α = 3.</summary>
    public static IReadOnlyList<(string Title, string Attention, double Accuracy)> TableA4 { get; } =
    [
        ("Kaiming uniform", "polarity(alpha=3,gate=learned,gate_start=kaiming_uniform)", 73.06),
        ("zeros", "polarity(alpha=3,gate=learned,gate_start=zeros)", 72.17),
        ("N(0, 1)", "polarity(alpha=3,gate=learned,gate_start=normal)", 74.30),
        ("U(0, 1)", "polarity(alpha=3,gate=learned,gate_start=uniform)", 74.40),
        ("ones", "polarity(alpha=3,gate=learned,gate_start=ones)", 70.70),
    ];

    /// <summary>Rows of a training step by the paper's appendix A.2.</summary>
    public static int BatchOf(string task) => task switch
    {
        "image" => 256,
        "pathfinder" => 128,
        "retrieval" => 16,
        _ => 32,
    };

    /// <summary>Accuracy in % that a constant answer has, for ListOps of our expressions with the official rules.</summary>
    public static double FloorOf(string task) => task switch
    {
        "image" => 10,
        "listops" => 17.9,
        _ => 50,
    };
}
