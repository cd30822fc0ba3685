using PolaFormer.Analysis.Report;
using Spectre.Console;

namespace PolaFormer.Cli.Analysis;

/// <summary>A report's table on the console.</summary>
internal static class ConsoleTable
{
    public static void Print(ReportTable table)
    {
        Table console = new Table().Border(TableBorder.Simple);
        foreach ((int index, string column) in table.Columns.Index())
            console.AddColumn(new TableColumn(Markup.Escape(column)) { Alignment = index == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        foreach (IReadOnlyList<string> row in table.Rows)
            console.AddRow([.. row.Select(Markup.Escape)]);
        Terminal.Tables.Write(console);
    }
}
