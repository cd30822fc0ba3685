using System.Globalization;
using System.Text;

namespace PolaFormer.Cli.Bench;

/// <summary>Time over tokens as an SVG picture, both axes logarithmic: a panel for each head dimension, a line for each attention.</summary>
internal static class CrossoverPlot
{
    private const int PanelWidth = 360, PanelHeight = 340, Left = 62, Right = 14, Top = 84, Bottom = 48, PanelsPerRow = 2;

    // Distinguishable without seeing colours, too: each line has its own dashes.
    private static readonly (string Kind, string Color, string Dashes)[] s_styles =
    [
        ("polarity", "#0072b2", "none"), ("polarity++", "#009e73", "8 3"), ("softmax", "#d55e00", "2 3"),
    ];

    /// <summary>Draws.</summary>
    public static string Svg(AttentionResult result)
    {
        int[] headDims = [.. result.Cases.Select(item => item.HeadDim).Distinct()];
        int columns = Math.Min(PanelsPerRow, headDims.Length), rows = (headDims.Length + columns - 1) / columns;
        var x = LogAxis.Around(result.Cases.Select(item => (double)item.Tokens), Left, PanelWidth - Right);
        var y = LogAxis.Around(result.Cases.Select(item => item.MedianMs), PanelHeight - Bottom, Top);
        var svg = new StringBuilder();
        svg.AppendLine(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {columns * PanelWidth} {rows * PanelHeight}\" font-family=\"sans-serif\" font-size=\"11\">"));
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        for (int i = 0; i < headDims.Length; i++)
        {
            svg.AppendLine(Invariant($"<g transform=\"translate({i % columns * PanelWidth} {i / columns * PanelHeight})\">"));
            AppendAxes(svg, x, y, Title(result, headDims[i]));
            int legend = 0;
            foreach (IReadOnlyList<AttentionCase> series in result.Series().Where(series => series[0].HeadDim == headDims[i]))
                AppendSeries(svg, x, y, series, result.Crossover(series), legend++);
            svg.AppendLine("</g>");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void AppendAxes(StringBuilder svg, LogAxis x, LogAxis y, string title)
    {
        svg.AppendLine(Invariant($"<text x=\"{(Left + PanelWidth - Right) / 2}\" y=\"18\" text-anchor=\"middle\" font-size=\"13\">{title}</text>"));
        foreach (double tick in x.Decades())
        {
            svg.AppendLine(Invariant($"<path d=\"M{x.Position(tick):F1} {Top}V{PanelHeight - Bottom}\" stroke=\"#ddd\"/>"));
            svg.AppendLine(Invariant($"<text x=\"{x.Position(tick):F1}\" y=\"{PanelHeight - Bottom + 16}\" text-anchor=\"middle\">{tick:#,0}</text>"));
        }

        foreach (double tick in y.Decades())
        {
            svg.AppendLine(Invariant($"<path d=\"M{Left} {y.Position(tick):F1}H{PanelWidth - Right}\" stroke=\"#ddd\"/>"));
            svg.AppendLine(Invariant($"<text x=\"{Left - 6}\" y=\"{y.Position(tick) + 4:F1}\" text-anchor=\"end\">{tick:#,0.###}</text>"));
        }

        svg.AppendLine(Invariant($"<path d=\"M{Left} {Top}V{PanelHeight - Bottom}H{PanelWidth - Right}\" fill=\"none\" stroke=\"#333\"/>"));
        svg.AppendLine(Invariant($"<text x=\"{(Left + PanelWidth - Right) / 2}\" y=\"{PanelHeight - 12}\" text-anchor=\"middle\">tokens N</text>"));
        svg.AppendLine(Invariant($"<text transform=\"translate(16 {(Top + PanelHeight - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">milliseconds</text>"));
    }

    private static void AppendSeries(StringBuilder svg, LogAxis x, LogAxis y, IReadOnlyList<AttentionCase> series, double? crossover, int legend)
    {
        (string kind, string color, string dashes) = s_styles.First(style => style.Kind == series[0].Kind);
        string points = string.Join(' ', series.Select(item => Invariant($"{x.Position(item.Tokens):F1},{y.Position(item.MedianMs):F1}")));
        svg.AppendLine(Invariant($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>"));
        foreach (AttentionCase item in series)
            svg.AppendLine(Invariant($"<circle cx=\"{x.Position(item.Tokens):F1}\" cy=\"{y.Position(item.MedianMs):F1}\" r=\"2.5\" fill=\"{color}\"/>"));

        int line = Top - 46 + (16 * legend);
        string label = crossover is { } tokens ? Invariant($"{kind}, ahead from N = {tokens:F0}") : kind;
        svg.AppendLine(Invariant($"<path d=\"M{Left} {line - 4}h26\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>"));
        svg.AppendLine(Invariant($"<text x=\"{Left + 32}\" y=\"{line}\">{label}</text>"));
    }

    private static string Title(AttentionResult result, int headDim) =>
        Invariant($"{result.Cases[0].Heads} head{(result.Cases[0].Heads == 1 ? "" : "s")} of {headDim} channels, {result.Threads} thread{(result.Threads == 1 ? "" : "s")}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A logarithmic scale from values to places in the picture.</summary>
    private readonly record struct LogAxis(double Low, double High, double Start, double End)
    {
        /// <summary>A scale with a little room on both sides of the values.</summary>
        public static LogAxis Around(IEnumerable<double> values, double start, double end)
        {
            double[] all = [.. values];
            return new LogAxis(all.Min() / 1.3, all.Max() * 1.3, start, end);
        }

        public double Position(double value) => Start + ((End - Start) * Math.Log(value / Low) / Math.Log(High / Low));

        public IEnumerable<double> Decades()
        {
            for (int power = (int)Math.Ceiling(Math.Log10(Low)); Math.Pow(10, power) <= High; power++)
                yield return Math.Pow(10, power);
        }
    }
}
