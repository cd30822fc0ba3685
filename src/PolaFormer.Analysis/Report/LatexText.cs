using System.Text;

namespace PolaFormer.Analysis.Report;

/// <summary>A table as LaTeX, for the packages booktabs and amsmath.</summary>
public static class LatexText
{
    /// <summary>The file's text.</summary>
    /// <param name="table">The table.</param>
    /// <param name="caption">What stands below it.</param>
    public static string Of(ReportTable table, string caption)
    {
        var text = new StringBuilder("\\begin{table}\n\\centering\n");
        text.Append($"\\begin{{tabular}}{{l{new string('r', table.Columns.Count - 1)}}}\n\\toprule\n");
        Row(text, table.Columns);
        text.Append("\\midrule\n");
        foreach (IReadOnlyList<string> row in table.Rows)
            Row(text, row);
        text.Append("\\bottomrule\n\\end{tabular}\n");
        text.Append($"\\caption{{{Escaped(caption)}}}\n\\end{{table}}\n");
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
                '⁶' => "$^6$",
                '≥' => "$\\geq$",
                _ => c.ToString(),
            });
        }

        return text.ToString();
    }
}
