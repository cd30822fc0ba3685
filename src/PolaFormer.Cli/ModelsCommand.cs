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
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Arity = ArgumentArity.ZeroOrOne, Description = "One architecture, layer by layer." };
        Option<string?> attention = CommonOptions.Attention();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("models", "List the registered models: parameters, multiply-accumulates, the paper's figures.") { name, attention, json };
        command.SetAction(parsed =>
        {
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

            Print(summaries);
            if (entries.Count == 1 && parsed.GetValue(name) is not null)
                PrintLayers(entries[0]);
        });
        return command;
    }

    private static void Print(IEnumerable<ModelSummary> summaries)
    {
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn("model").AddColumn(new TableColumn("input").RightAligned())
            .AddColumn(new TableColumn("parameters").RightAligned()).AddColumn(new TableColumn("paper").RightAligned())
            .AddColumn(new TableColumn("MACs").RightAligned()).AddColumn(new TableColumn("paper").RightAligned());
        foreach (ModelSummary summary in summaries)
        {
            table.AddRow(
                summary.Entry.Name, $"{summary.Entry.ImageSize}²",
                Invariant($"{summary.Parameters / 1e6:F2} M"), summary.Entry.PaperParameters is { } parameters ? Invariant($"{parameters:0.#} M") : "–",
                Invariant($"{summary.Macs / 1e9:F3} G"), summary.Entry.PaperMacs is { } macs ? Invariant($"{macs:0.0##} G") : "–");
        }

        Terminal.Tables.Write(table);
    }

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
