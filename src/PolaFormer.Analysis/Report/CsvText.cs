using System.Buffers;

namespace PolaFormer.Analysis.Report;

/// <summary>A table as comma-separated values (RFC 4180).</summary>
public static class CsvText
{
    private static readonly SearchValues<char> s_special = SearchValues.Create(",\"\r\n");

    /// <summary>The file's text.</summary>
    public static string Of(ReportTable table) => string.Concat(table.Rows.Prepend(table.Columns).Select(row => string.Join(',', row.Select(Quoted)) + "\r\n"));

    /// <summary>A cell, in quotes where it holds what separates cells.</summary>
    public static string Quoted(string cell) => cell.AsSpan().ContainsAny(s_special) ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
