using System.CommandLine;
using System.Globalization;
using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.Tensors;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary><c>models [NAME]</c>: the registered architectures with their size and work, counted by walking each model.</summary>
internal static class ModelsCommand
{
    private static readonly string[] s_columns = ["model", "input", "parameters", "paper", "MACs", "paper"];

    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Arity = ArgumentArity.ZeroOrOne, Description = "One architecture, layer by layer." };
        Option<string?> attention = CommonOptions.Attention();
        var devices = new Option<bool>("--devices") { Description = "List the devices that commands compute on instead." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the table as Markdown." };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("models", "List the registered models: parameters, multiply-accumulates, the paper's figures.") { name, attention, devices, markdown, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(devices))
            {
                DeviceList.Print(parsed.GetValue(json));
                return;
            }

            IReadOnlyList<ModelEntry> entries = parsed.GetValue(name) is { } wanted ? [ModelRegistry.Find(wanted)] : ModelRegistry.All;
            string[] names = CommonOptions.NamesOf(parsed.GetValue(attention));
            entries = [.. entries.Select(entry => entry.WithAttention(names))];
            ModelSummary[] summaries = [.. entries.Select(ModelSummary.Of)];
            if (parsed.GetValue(json))
            {
                Json.Print(summaries.Select(summary => new
                {
                    name = summary.Entry.Name,
                    parameters = summary.Parameters,
                    macs = summary.Macs,
                    input_size = summary.Entry.ImageSize,
                    paper_parameters = summary.Entry.PaperParameters * 1e6,
                    paper_macs = summary.Entry.PaperMacs * 1e9,
                }));
                return;
            }

            if (parsed.GetValue(markdown))
            {
                PrintMarkdown(summaries);
                return;
            }

            Print(summaries);
            if (entries.Count == 1 && parsed.GetValue(name) is not null)
                PrintLayers(entries[0]);
        });
        return command;
    }

    private static void Print(IEnumerable<ModelSummary> summaries)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(s_columns[0]);
        foreach (string column in s_columns.Skip(1))
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (ModelSummary summary in summaries)
            table.AddRow(Cells(summary));
        Terminal.Tables.Write(table);
    }

    private static void PrintMarkdown(IEnumerable<ModelSummary> summaries)
    {
        Console.WriteLine($"| {string.Join(" | ", s_columns)} |");
        Console.WriteLine($"|---{string.Concat(Enumerable.Repeat("|---:", s_columns.Length - 1))}|");
        foreach (string[] cells in summaries.Select(Cells))
            Console.WriteLine($"| `{cells[0]}` | {string.Join(" | ", cells.Skip(1))} |");
    }

    private static string[] Cells(ModelSummary summary) =>
    [
        summary.Entry.Name, $"{summary.Entry.ImageSize}²",
        Invariant($"{summary.Parameters / 1e6:F2} M"), summary.Entry.PaperParameters is { } parameters ? Invariant($"{parameters:0.##} M") : "–",
        Invariant($"{summary.Macs / 1e9:F3} G"), summary.Entry.PaperMacs is { } macs ? Invariant($"{macs:0.0##} G") : "–",
    ];

    private static void PrintLayers(ModelEntry entry)
    {
        using IDisposable meta = new MetaDevice().Use();
        Table table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn("type");
        foreach ((string tensorName, Tensor tensor) in entry.Create().StateDict())
            table.AddRow(tensorName, tensor.Shape.ToString(), tensor.DType.ToString());
        Terminal.Tables.Write(table);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
