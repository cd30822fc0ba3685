namespace PolaFormer.Analysis.Report;

/// <summary>A table; cells are text.</summary>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">Cells, row by row.</param>
public sealed record ReportTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);
