using System.Text;

namespace PolaFormer.Reproduction;

/// <summary>A table as Markdown.</summary>
internal static class MarkdownText
{
    public static string Of(ReproducedTable table)
    {
        StringBuilder text = new StringBuilder().AppendLine($"# {Escaped(table.Title)}").AppendLine();
        Row(text, table.Table.Columns);
        text.AppendLine($"|---{string.Concat(Enumerable.Repeat("|---:", table.Table.Columns.Count - 1))}|");
        foreach (IReadOnlyList<string> row in table.Table.Rows)
            Row(text, row);
        if (table.Notes.Count > 0)
            text.AppendLine();
        foreach (string note in table.Notes)
            text.AppendLine($"- {Escaped(note)}");
        return text.ToString();
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.AppendLine($"| {string.Join(" | ", cells.Select(Escaped))} |");

    private static string Escaped(string cell) => cell.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
