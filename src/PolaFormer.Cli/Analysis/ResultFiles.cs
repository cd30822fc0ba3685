using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>--csv</c>, <c>--latex</c> and <c>--npz</c>: results for other programs.</summary>
internal sealed class ResultFiles
{
    private readonly Option<string?> _csv = new("--csv") { HelpName = "FILE", Description = "Also write the numbers as a table for spreadsheets, as they are, unrounded." };
    private readonly Option<string?> _latex = new("--latex") { HelpName = "FILE", Description = "Also write the printed table as LaTeX, for the packages booktabs and amsmath." };
    private readonly Option<string?> _npz = new("--npz") { HelpName = "FILE", Description = "Also write the arrays for NumPy." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_csv);
        command.Add(_latex);
        command.Add(_npz);
    }

    /// <summary>What will be written, for <see cref="CommonOptions.CheckOutputs"/>.</summary>
    public IEnumerable<(string Option, string? Path, string Ending)> Of(ParseResult parsed) =>
        [("--csv", parsed.GetValue(_csv), ".csv"), ("--latex", parsed.GetValue(_latex), ".tex"), ("--npz", parsed.GetValue(_npz), ".npz")];

    /// <summary>Writes what was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="numbers">The numbers, for CSV.</param>
    /// <param name="table">The printed table, for LaTeX.</param>
    /// <param name="caption">What stands below it.</param>
    /// <param name="arrays">The arrays, for NumPy.</param>
    public void Write(ParseResult parsed, ReportTable numbers, ReportTable table, string caption, IEnumerable<NpzArray> arrays)
    {
        if (parsed.GetValue(_csv) is { } csv)
            OutputFile.Write(csv, CsvText.Of(numbers));
        if (parsed.GetValue(_latex) is { } latex)
            OutputFile.Write(latex, LatexText.Of(table, caption));
        if (parsed.GetValue(_npz) is { } npz)
            NpzFile.Write(npz, [.. arrays]);
    }
}
