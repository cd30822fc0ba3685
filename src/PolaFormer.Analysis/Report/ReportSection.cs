namespace PolaFormer.Analysis.Report;

/// <summary>A part of a report: text, pictures, a table, charts, whichever there are.</summary>
/// <param name="Title">Heading.</param>
public sealed record ReportSection(string Title)
{
    /// <summary>What is to be seen, and how to read it.</summary>
    public string Text { get; init; } = "";

    /// <summary>Pictures, side by side.</summary>
    public IReadOnlyList<ReportPicture> Pictures { get; init; } = [];

    /// <summary>A table.</summary>
    public ReportTable? Table { get; init; }

    /// <summary>Charts, side by side.</summary>
    public IReadOnlyList<ReportChart> Charts { get; init; } = [];
}
