namespace PolaFormer.Analysis.Figures;

/// <summary>A line of a chart.</summary>
/// <param name="Label">Name in the legend.</param>
/// <param name="Points">Its points; those that are not finite, or on a logarithmic axis not above 0, are left out.</param>
/// <param name="Style">How it is drawn.</param>
public sealed record ChartLine(string Label, IReadOnlyList<(double X, double Y)> Points, LineStyle Style);
