using System.Text;

namespace PolaFormer.Reproduction;

/// <summary>A table as LaTeX, for the packages booktabs and amsmath.</summary>
internal static class LatexText
{
    public static string Of(ReproducedTable table)
    {
        var text = new StringBuilder("\\begin{table}\n\\centering\n");
        text.Append($"\\begin{{tabular}}{{l{new string('r', table.Table.Columns.Count - 1)}}}\n\\toprule\n");
        Row(text, table.Table.Columns);
        text.Append("\\midrule\n");
        foreach (IReadOnlyList<string> row in table.Table.Rows)
            Row(text, row);
        text.Append("\\bottomrule\n\\end{tabular}\n");
        text.Append($"\\caption{{{Escaped(string.Join(' ', table.Notes.Prepend(table.Title + ".")))}}}\n\\end{{table}}\n");
        return text.ToString();
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append(string.Join(" & ", cells.Select(Escaped))).Append(" \\\\\n");

    private static string Escaped(string cell)
    {
        var text = new StringBuilder();
        foreach (char c in cell)
        {
            text.Append(c switch
            {
                '\\' => "\\textbackslash{}",
                '~' => "\\textasciitilde{}",
                '^' => "\\textasciicircum{}",
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{c}",
                '–' => "--",
                '±' => "$\\pm$",
                '×' => "$\\times$",
                '·' => "$\\cdot$",
                '−' => "$-$",
                'α' => "$\\alpha$",
                '²' => "$^2$",
                '≥' => "$\\geq$",
                _ => c.ToString(),
            });
        }

        return text.ToString();
    }
}
