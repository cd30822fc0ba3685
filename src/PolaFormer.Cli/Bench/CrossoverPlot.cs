using System.Globalization;
using PolaFormer.Analysis.Figures;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary>Time over tokens as a figure: a panel for each head dimension, a line for each attention.</summary>
internal static class CrossoverPlot
{
    /// <summary>Draws.</summary>
    public static Figure Of(AttentionResult result) => new(
        "Time of attention over the number of tokens",
        [.. result.Series().GroupBy(series => series[0].HeadDim).Select(panel => new ChartPanel(
            Caption(result, panel.Key, panel), "tokens N", "milliseconds",
            [.. panel.Select(series => new ChartLine(MechanismStyle.TitleOf(series[0].Kind), [.. series.Select(item => ((double)item.Tokens, item.MedianMs))], MechanismStyle.Of(series[0].Kind)))]) { IsXLogarithmic = true, IsYLogarithmic = true })])
    {
        Columns = 2,
        Note = "Medians; both axes are logarithmic.",
    };

    private static string Caption(AttentionResult result, int headDim, IEnumerable<IReadOnlyList<AttentionCase>> lines)
    {
        string[] crossings = [.. lines.Select(series => result.Crossover(series) is { } tokens ? string.Create(CultureInfo.InvariantCulture, $" {MechanismStyle.TitleOf(series[0].Kind)} is ahead of softmax from N = {tokens:F0}.") : "")];
        return $"{result.Cases[0].Heads} head{(result.Cases[0].Heads == 1 ? "" : "s")} of {headDim} channels, {result.Threads} thread{(result.Threads == 1 ? "" : "s")}.{string.Concat(crossings)}";
    }
}
