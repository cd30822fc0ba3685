using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PolaFormer.Checkpoints;
using PolaFormer.Cli.Bench;
using PolaFormer.Models;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary>
/// <c>bench</c>: time and memory of a model's inference (<c>--model NAME</c>), of its training step (<c>--train</c>), or of
/// attention alone (<c>--attention</c>).
/// </summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture." };
        var batch = new Option<int?>("--batch") { HelpName = "B", Description = "Images at a time; 1, or 8 with --train, by default." };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "Weights to measure with." };
        var random = new Option<bool>("--random-weights") { Description = "Measure with freshly drawn weights (the default without --checkpoint)." };
        var train = new Option<bool>("--train") { Description = "Measure a training step: forward, backward, AdamW." };
        var recompute = new Option<bool>("--recompute") { Description = "Keep the blocks' inputs alone, with --train: TRAIN.USE_CHECKPOINT." };
        var profile = new Option<bool>("--profile") { Description = "Show where the time goes, by operator and by layer." };
        var attention = new Option<string[]>("--attention") { HelpName = "KIND", Description = $"Measure attention alone over --tokens, without a model: {string.Join(", ", AttentionCase.Kinds)}; all where none is named. With --model, the registered attention to put into its stages, as for models.", Arity = ArgumentArity.ZeroOrMore, AllowMultipleArgumentsPerToken = true };
        var heads = new Option<int>("--heads") { HelpName = "H", Description = "Heads, for --attention.", DefaultValueFactory = _ => 1 };
        var dims = new Option<int[]>("--dim") { HelpName = "D", Description = "Channels of a head, even, for --attention; several give several series.", DefaultValueFactory = _ => [64], AllowMultipleArgumentsPerToken = true };
        var tokens = new Option<int[]>("--tokens") { HelpName = "N", Description = "Numbers of tokens, for --attention.", DefaultValueFactory = _ => [.. AttentionResult.DefaultTokens], AllowMultipleArgumentsPerToken = true };
        var plot = new Option<string?>("--plot") { HelpName = "FILE.svg", Description = "Draw time over tokens, for --attention." };
        var seconds = new Option<double?>("--seconds") { HelpName = "S", Description = "How long to measure: 5 by default, for --attention 1 for each case." };
        var compare = new Option<string?>("--compare") { HelpName = "FILE", Description = "An earlier --json result: print old, new and ratio of each figure." };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("bench", "Measure a model: median time, images/s, memory, share of the matrix-product peak; or a training step, or attention alone.")
        {
            model, batch, checkpoint, random, train, recompute, profile, attention, heads, dims, tokens, plot, seconds, compare, threads, json,
        };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            EarlierResult? earlier = parsed.GetValue(compare) is { } path ? EarlierResult.Read(path) : null;
            bool isAttention = parsed.GetResult(attention) is not null && parsed.GetValue(model) is null;
            TimeSpan duration = DurationOf(parsed.GetValue(seconds) ?? (isAttention ? 1 : 5));
            IBenchResult result;
            if (isAttention)
            {
                if (parsed.GetValue(train) || parsed.GetValue(profile))
                    throw new ArgumentException("--attention without --model measures kernels alone: leave out --train and --profile.");
                string[] kinds = parsed.GetValue(attention) is { Length: > 0 } named ? named : [.. AttentionCase.Kinds];
                if (kinds.FirstOrDefault(kind => !AttentionCase.Kinds.Contains(kind)) is { } unknown)
                    throw new ArgumentException($"--attention {unknown}: kernels of their own have {string.Join(", ", AttentionCase.Kinds)}. Any other attention is measured in a --model.");
                result = MeasureAttention(kinds, parsed.GetValue(heads), parsed.GetValue(dims)!, parsed.GetValue(tokens)!, duration, parsed.GetValue(plot));
            }
            else
            {
                if (parsed.GetValue(plot) is not null)
                    throw new ArgumentException("--plot draws what --attention measures.");
                ModelEntry entry = ModelRegistry.Find(parsed.GetValue(model) ?? throw new ArgumentException("bench takes --model NAME, or --attention."))
                    .WithAttention(CommonOptions.NamesOf(string.Join(',', parsed.GetValue(attention) ?? [])));
                if (parsed.GetValue(attention) is [] && parsed.GetResult(attention) is { Implicit: false })
                    throw new ArgumentException("--attention with --model takes the name of an attention; without --model it measures kernels alone.");
                int images = parsed.GetValue(batch) ?? (parsed.GetValue(train) ? 8 : 1);
                if (images < 1)
                    throw new ArgumentException("--batch takes a positive number.");
                VisionModel LoadModel() => Load(entry, parsed.GetValue(checkpoint));
                result = parsed.GetValue(train)
                    ? TrainingResult.Measure(entry, () => Recomputing(LoadModel(), parsed.GetValue(recompute)), images, duration, parsed.GetValue(profile))
                    : InferenceResult.Measure(entry, LoadModel, images, duration, parsed.GetValue(profile));
            }

            Print(result, earlier, parsed.GetValue(json));
        });
        return command;
    }

    private static TimeSpan DurationOf(double seconds) => seconds is >= 0 and < 86400
        ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentException("--seconds takes a number from 0 to a day.");

    private static AttentionResult MeasureAttention(string[] kinds, int heads, int[] dims, int[] tokens, TimeSpan duration, string? plot)
    {
        if (heads < 1 || dims.Any(dim => dim < 2 || dim % 2 != 0) || tokens.Any(count => count < 1))
            throw new ArgumentException("--heads and --tokens take positive numbers, --dim positive even ones.");
        if (3L * heads * dims.Max() * tokens.Max() > int.MaxValue)
            throw new ArgumentException($"{tokens.Max()} tokens of {heads} × {dims.Max()} channels are more than a measurement takes.");
        if (plot is not null && !plot.EndsWith(".svg", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"--plot {plot}: pictures are written as SVG; name the file ….svg.");
        if (plot is not null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(plot))))
            throw new ArgumentException($"--plot {plot}: there is no such folder.");
        AttentionResult result = AttentionResult.Measure(kinds, heads, dims, [.. tokens.Distinct()], duration);
        if (plot is not null)
            File.WriteAllText(plot, CrossoverPlot.Svg(result));
        return result;
    }

    private static void Print(IBenchResult result, EarlierResult? earlier, bool asJson)
    {
        // As a reader of the JSON would see it: numbers of one kind.
        JsonObject json = JsonNode.Parse(result.ToJson().ToJsonString())!.AsObject();
        IReadOnlyList<ComparedFigure>? figures = earlier?.Compare(json);
        if (asJson)
        {
            if (figures is not null)
                json["compared"] = JsonSerializer.SerializeToNode(figures.Select(figure => new { name = figure.Name, old = figure.Old, @new = figure.New, ratio = figure.Ratio }));
            CommonOptions.PrintJson(json);
            return;
        }

        result.Print();
        if (figures is not null)
            PrintComparison(figures);
    }

    private static void PrintComparison(IReadOnlyList<ComparedFigure> figures)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("figure");
        foreach (string title in (string[])["old", "new", "new / old"])
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (ComparedFigure figure in figures)
            table.AddRow(Markup.Escape(figure.Name), Number(figure.Old), Number(figure.New), figure.Ratio is { } ratio ? ratio.ToString("F3", CultureInfo.InvariantCulture) : "–");
        AnsiConsole.Write(table);
        Console.WriteLine("Figures that are equal are left out.");
    }

    private static string Number(double? value) => value?.ToString(Math.Abs(value.Value) >= 1e6 ? "#,0" : "0.###", CultureInfo.InvariantCulture) ?? "–";

    private static VisionModel Recomputing(VisionModel model, bool recompute)
    {
        model.UseCheckpoint = recompute;
        return model;
    }

    private static VisionModel Load(ModelEntry entry, string? checkpointPath)
    {
        VisionModel model = entry.Create();
        if (checkpointPath is null)
        {
            model.Initialize(0);
        }
        else
        {
            using Checkpoint checkpoint = Checkpoint.Open(checkpointPath);
            ModelLoader.LoadStrict(model, checkpoint);
        }

        return model;
    }
}
