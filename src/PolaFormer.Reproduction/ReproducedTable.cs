using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;

namespace PolaFormer.Reproduction;

/// <summary>A table or figure of the paper with our figures beside the paper's, and what differs between them.</summary>
/// <param name="Name">What is reproduced, as on the command line: the stem of the files.</param>
/// <param name="Title">Heading.</param>
/// <param name="Table">Rows and columns; what was not run is "–".</param>
public sealed record ReproducedTable(string Name, string Title, ReportTable Table)
{
    /// <summary>A cell that was not run.</summary>
    public const string NotRun = "–";

    /// <summary>What differs from the paper, and how to read the figures.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Curves.</summary>
    public IReadOnlyList<ReportChart> Charts { get; init; } = [];

    /// <summary>The figure; none of a table.</summary>
    public Figure? Figure { get; init; }

    /// <summary>Endings of the files that <see cref="Write"/> writes.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".md", ".csv", ".tex", ".html"];

    /// <summary>Writes the table as Markdown, CSV, LaTeX and HTML, and the figure as PNG, SVG and PDF, each whole or not at all.</summary>
    /// <param name="folder">Where to; made if it is missing.</param>
    /// <returns>The files.</returns>
    /// <exception cref="FileException">A file cannot be written.</exception>
    public IReadOnlyList<string> Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string stem = Path.Combine(folder, Name);
        OutputFile.Write(stem + ".md", MarkdownText.Of(this));
        OutputFile.Write(stem + ".csv", CsvText.Of(Table));
        OutputFile.Write(stem + ".tex", LatexText.Of(Table, string.Join(' ', Notes.Prepend(Title + "."))));
        var section = new ReportSection(Title) { Text = string.Join(' ', Notes), Table = Table, Charts = Charts, Pictures = ReportPicture.Of(Figure?.Panels ?? []) };
        new AnalysisReport(Title, "ours beside the paper's", [section]).Write(stem + ".html");
        if (Figure is null)
            return [.. Endings.Select(ending => stem + ending)];
        foreach (string ending in Figure.Endings)
            Figure.Write(stem + ending);
        return [.. Endings.Concat(Figure.Endings).Select(ending => stem + ending)];
    }
}
