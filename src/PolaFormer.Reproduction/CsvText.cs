using System.Buffers;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Reproduction;

/// <summary>A table as comma-separated values (RFC 4180).</summary>
internal static class CsvText
{
    private static readonly SearchValues<char> s_special = SearchValues.Create(",\"\r\n");

    public static string Of(ReportTable table) => string.Concat(table.Rows.Prepend(table.Columns).Select(row => string.Join(',', row.Select(Quoted)) + "\r\n"));

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(s_special) ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
