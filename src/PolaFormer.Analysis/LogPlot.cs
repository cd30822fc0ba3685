using System.Globalization;
using System.Security;
using System.Text;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Analysis;

/// <summary>Lines over two logarithmic axes as an SVG picture, panels side by side.</summary>
public static class LogPlot
{
    private const int PanelWidth = 360, PlotHeight = 250, Left = 62, Right = 14, Title = 30, LegendLine = 16, Bottom = 48, PanelsPerRow = 2, LegendColumns = 2, ManySeries = 4;

    // Okabe and Ito's colours, which most people tell apart; dashes tell the rest.
    private static readonly string[] s_colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#9a8f00"];

    private static readonly string[] s_dashes = ["none", "8 3", "2 3", "8 3 2 3"];

    /// <summary>Draws.</summary>
    /// <param name="panels">Panels; points that are not positive are left out.</param>
    public static string Svg(IReadOnlyList<LogPanel> panels)
    {
        int columns = Math.Min(PanelsPerRow, panels.Count), rows = (panels.Count + columns - 1) / columns;
        int legendColumns = panels.Max(panel => panel.Series.Count) > ManySeries ? LegendColumns : 1;
        int top = Title + (LegendLine * panels.Max(panel => (panel.Series.Count + legendColumns - 1) / legendColumns)), height = top + PlotHeight + Bottom;
        var svg = new StringBuilder();
        svg.AppendLine(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {columns * PanelWidth} {rows * height}\" font-family=\"sans-serif\" font-size=\"11\">"));
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        for (int i = 0; i < panels.Count; i++)
        {
            svg.AppendLine(Invariant($"<g transform=\"translate({i % columns * PanelWidth} {i / columns * height})\">"));
            AppendPanel(svg, panels[i], top, legendColumns);
            svg.AppendLine("</g>");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void AppendPanel(StringBuilder svg, LogPanel panel, int top, int legendColumns)
    {
        (double X, double Y)[] points = [.. panel.Series.SelectMany(series => series.Points).Where(IsDrawn)];
        svg.AppendLine(Invariant($"<text x=\"{(Left + PanelWidth - Right) / 2}\" y=\"18\" text-anchor=\"middle\" font-size=\"13\">{Escaped(panel.Title)}</text>"));
        if (points.Length == 0)
            return;
        var x = LogAxis.Around(points.Select(point => point.X), Left, PanelWidth - Right);
        var y = LogAxis.Around(points.Select(point => point.Y), top + PlotHeight, top);
        AppendAxes(svg, x, y, panel, top);
        foreach ((int index, (string label, IReadOnlyList<(double X, double Y)> line)) in panel.Series.Index())
        {
            string style = Invariant($"stroke=\"{s_colors[index % s_colors.Length]}\" stroke-width=\"2\" stroke-dasharray=\"{s_dashes[(index + (index / s_colors.Length)) % s_dashes.Length]}\"");
            (double X, double Y)[] drawn = [.. line.Where(IsDrawn)];
            svg.AppendLine(Invariant($"<polyline points=\"{string.Join(' ', drawn.Select(point => Invariant($"{x.Position(point.X):F1},{y.Position(point.Y):F1}")))}\" fill=\"none\" {style}/>"));
            foreach ((double X, double Y) point in drawn)
                svg.AppendLine(Invariant($"<circle cx=\"{x.Position(point.X):F1}\" cy=\"{y.Position(point.Y):F1}\" r=\"2.5\" fill=\"{s_colors[index % s_colors.Length]}\"/>"));
            int left = Left + (index % legendColumns * (PanelWidth - Left) / legendColumns), legend = Title + 8 + (index / legendColumns * LegendLine);
            svg.AppendLine(Invariant($"<path d=\"M{left} {legend - 4}h26\" {style}/>"));
            svg.AppendLine(Invariant($"<text x=\"{left + 32}\" y=\"{legend}\">{Escaped(label)}</text>"));
        }
    }

    private static void AppendAxes(StringBuilder svg, LogAxis x, LogAxis y, LogPanel panel, int top)
    {
        int bottom = top + PlotHeight;
        foreach (double tick in x.Decades())
        {
            svg.AppendLine(Invariant($"<path d=\"M{x.Position(tick):F1} {top}V{bottom}\" stroke=\"#ddd\"/>"));
            svg.AppendLine(Invariant($"<text x=\"{x.Position(tick):F1}\" y=\"{bottom + 16}\" text-anchor=\"middle\">{tick:#,0.###}</text>"));
        }

        foreach (double tick in y.Decades())
        {
            svg.AppendLine(Invariant($"<path d=\"M{Left} {y.Position(tick):F1}H{PanelWidth - Right}\" stroke=\"#ddd\"/>"));
            svg.AppendLine(Invariant($"<text x=\"{Left - 6}\" y=\"{y.Position(tick) + 4:F1}\" text-anchor=\"end\">{tick:#,0.###}</text>"));
        }

        svg.AppendLine(Invariant($"<path d=\"M{Left} {top}V{bottom}H{PanelWidth - Right}\" fill=\"none\" stroke=\"#333\"/>"));
        svg.AppendLine(Invariant($"<text x=\"{(Left + PanelWidth - Right) / 2}\" y=\"{bottom + 36}\" text-anchor=\"middle\">{Escaped(panel.XLabel)}</text>"));
        svg.AppendLine(Invariant($"<text transform=\"translate(16 {top + (PlotHeight / 2)}) rotate(-90)\" text-anchor=\"middle\">{Escaped(panel.YLabel)}</text>"));
    }

    private static bool IsDrawn((double X, double Y) point) => point is { X: > 0, Y: > 0 } && double.IsFinite(point.X) && double.IsFinite(point.Y);

    private static string Escaped(string text) => SecurityElement.Escape(PlainText.Of(text));

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
