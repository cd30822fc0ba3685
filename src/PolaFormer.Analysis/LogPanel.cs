namespace PolaFormer.Analysis;

/// <summary>Lines over two logarithmic axes.</summary>
/// <param name="Title">Heading.</param>
/// <param name="XLabel">Name of the horizontal axis.</param>
/// <param name="YLabel">Name of the vertical axis.</param>
/// <param name="Series">Lines by name.</param>
public sealed record LogPanel(string Title, string XLabel, string YLabel, IReadOnlyList<(string Label, IReadOnlyList<(double X, double Y)> Points)> Series);
