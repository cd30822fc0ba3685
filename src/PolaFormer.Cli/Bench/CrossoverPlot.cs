using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary>Time over tokens as an SVG picture: a panel for each head dimension, a line for each attention.</summary>
internal static class CrossoverPlot
{
    /// <summary>Draws.</summary>
    public static string Svg(AttentionResult result) => LogPlot.Svg(
        [.. result.Series().GroupBy(series => series[0].HeadDim).Select(panel => new LogPanel(
            Title(result, panel.Key), "tokens N", "milliseconds",
            [.. panel.Select(series => (Label(series[0].Kind, result.Crossover(series)), (IReadOnlyList<(double, double)>)[.. series.Select(item => ((double)item.Tokens, item.MedianMs))]))]))]);

    private static string Label(string kind, double? crossover) =>
        crossover is { } tokens ? string.Create(CultureInfo.InvariantCulture, $"{kind}, ahead from N = {tokens:F0}") : kind;

    private static string Title(AttentionResult result, int headDim) =>
        $"{result.Cases[0].Heads} head{(result.Cases[0].Heads == 1 ? "" : "s")} of {headDim} channels, {result.Threads} thread{(result.Threads == 1 ? "" : "s")}";
}
