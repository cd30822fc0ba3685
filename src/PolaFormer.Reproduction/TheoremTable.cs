using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Reproduction;

/// <summary>The paper's theorem 1 as an experiment on random rows.</summary>
public static class TheoremTable
{
    private const int Trials = 2000;
    private static readonly (int Keys, int Features)[] s_shapes = [(4, 2), (4, 16), (16, 16), (64, 16), (196, 32)];

    /// <summary>Every map at every size.</summary>
    public static IReadOnlyList<EntropyTrial> TryAll() =>
    [
        .. from shape in s_shapes
           from map in Enumerable.Range(0, EntropyTheorem.Maps.Count)
           select EntropyTheorem.Try(map, shape.Keys, shape.Features, Trials),
    ];

    /// <summary>The trials as a table.</summary>
    public static ReproducedTable Of(IReadOnlyList<EntropyTrial> trials) => new(
        "theorem1", "Theorem 1: does a convex map lower entropy?", new ReportTable(
            ["map g", "keys", "features", "H(q·k)", "H(g(q)·g(k))", "rises of g(q·k)", "of g(q)·g(k)", "worst"],
            [.. trials.Select(trial => (string[])
            [
                trial.Map, $"{trial.Keys}", $"{trial.Features}", Text($"{trial.Before:F3}"), Text($"{trial.After:F3}"),
                Text($"{(double)trial.CounterexamplesOnWeights / trial.Trials:P2}"), Text($"{(double)trial.CounterexamplesOnFeatures / trial.Trials:P2}"), Text($"{trial.WorstRise:F4}"),
            ])]))
    {
        Notes =
        [
            $"{Trials} random rows a line, features relu of normal numbers; H is the mean entropy in nats.",
            "A rise is a counterexample: the map has positive first and second derivatives, and the entropy grew. Applied to the weights it never should; applied to queries and keys each, as attention does it, it sometimes does.",
        ],
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
