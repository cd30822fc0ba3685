using PolaFormer.Analysis.Figures;

namespace PolaFormer.Analysis.Report;

/// <summary>A line of a chart.</summary>
/// <param name="Label">Name in the legend.</param>
/// <param name="Values">A value for each place, null where there is none.</param>
/// <param name="Style">How it is drawn; by its number in the chart where null.</param>
public sealed record ReportSeries(string Label, IReadOnlyList<double?> Values, LineStyle? Style = null);
