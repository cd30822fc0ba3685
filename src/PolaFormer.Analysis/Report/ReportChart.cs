using PolaFormer.Analysis.Figures;

namespace PolaFormer.Analysis.Report;

/// <summary>Lines over a common axis.</summary>
/// <param name="Title">Heading.</param>
/// <param name="XLabel">Name of the horizontal axis.</param>
/// <param name="YLabel">Name of the vertical axis.</param>
/// <param name="X">Places of the points.</param>
/// <param name="Series">Lines: a value for each place, null where there is none.</param>
/// <param name="IsLogarithmic">Whether both axes are logarithmic.</param>
public sealed record ReportChart(string Title, string XLabel, string YLabel, IReadOnlyList<double> X, IReadOnlyList<ReportSeries> Series, bool IsLogarithmic = false)
{
    /// <summary>The chart as a panel of a figure.</summary>
    public ChartPanel ToPanel() => new(Title, XLabel, YLabel, [.. Series.Select((series, i) => new ChartLine(series.Label, PointsOf(series), series.Style ?? LineStyle.Of(i)))]) { IsXLogarithmic = IsLogarithmic, IsYLogarithmic = IsLogarithmic };

    private (double X, double Y)[] PointsOf(ReportSeries series) => [.. X.Zip(series.Values).Where(pair => pair.Second is not null).Select(pair => (pair.First, pair.Second!.Value))];
}
