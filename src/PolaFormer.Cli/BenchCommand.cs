using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.Cli.Bench;
using PolaFormer.Files;
using PolaFormer.Measurement;
using PolaFormer.Models;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary>
/// <c>bench</c>: time and memory of a model's inference (<c>--model NAME</c>), of its training step (<c>--train</c>), or of
/// attention alone (<c>--attention</c>).
/// </summary>
internal static class BenchCommand
{
    private const int MostImages = 1 << 20, MostChannels = 1 << 16, SecondsOfADay = 86400;

    public static Command Create()
    {
        var model = new Option<string?>("--model") { HelpName = "NAME", Description = "Registered architecture." };
        var batch = new Option<int?>("--batch") { HelpName = "B", Description = "Images at a time; 1, or 8 with --train, by default.", CustomParser = Numbers.OneOrNone(1, MostImages) };
        var checkpoint = new Option<string?>("--checkpoint") { HelpName = "FILE", Description = "Weights to measure with." };
        var random = new Option<bool>("--random-weights") { Description = "Measure with freshly drawn weights (the default without --checkpoint)." };
        var train = new Option<bool>("--train") { Description = "Measure a training step: forward, backward, AdamW." };
        var recompute = new Option<bool>("--recompute") { Description = "Keep the blocks' inputs alone, with --train: TRAIN.USE_CHECKPOINT." };
        var profile = new Option<bool>("--profile") { Description = "Show where the time goes, by operator and by layer." };
        var attention = new Option<string[]>("--attention") { HelpName = "KIND", Description = $"Measure attention alone over --tokens, without a model: {AttentionCase.Polarity}, {AttentionCase.PolarityPlusPlus}, {AttentionCase.Softmax}; all where none is named. With --model, the registered attention to put into its stages, as for models.", Arity = ArgumentArity.ZeroOrMore, AllowMultipleArgumentsPerToken = true };
        var heads = new Option<int>("--heads") { HelpName = "H", Description = "Heads, for --attention.", DefaultValueFactory = _ => 1, CustomParser = Numbers.One(1, MostChannels) };
        var dims = new Option<int[]>("--dim") { HelpName = "D", Description = "Channels of a head, even, for --attention; several give several series.", DefaultValueFactory = _ => [64], CustomParser = Numbers.Several(2, MostChannels), AllowMultipleArgumentsPerToken = true };
        var tokens = new Option<int[]>("--tokens") { HelpName = "N", Description = "Numbers of tokens, for --attention.", DefaultValueFactory = _ => [.. AttentionResult.DefaultTokens], CustomParser = Numbers.Several(1, AttentionResult.MostTokens), AllowMultipleArgumentsPerToken = true };
        var plot = new Option<string?>("--plot") { HelpName = "FILE.svg", Description = "Draw time over tokens, for --attention." };
        var seconds = new Option<double?>("--seconds") { HelpName = "S", Description = "How long to measure: 5 by default, for --attention 1 for each case.", CustomParser = Numbers.OneOrNone(0.0, SecondsOfADay) };
        var compare = new Option<string?>("--compare") { HelpName = "FILE", Description = "An earlier --json result: print old, new and ratio of each figure." };
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("bench", "Measure a model: median time, images/s, memory, share of the matrix-product peak; or a training step, or attention alone.")
        {
            model, batch, checkpoint, random, train, recompute, profile, attention, heads, dims, tokens, plot, seconds, compare, device, threads, json,
        };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            EarlierResult? earlier = parsed.GetValue(compare) is { } path ? EarlierResult.Read(path) : null;
            bool isAttention = parsed.GetResult(attention) is not null && parsed.GetValue(model) is null;
            TimeSpan duration = TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? (isAttention ? 1 : 5));
            if (parsed.GetValue(plot) is not null && !isAttention)
                throw new ArgumentException("--plot draws what --attention measures.");
            CommonOptions.CheckOutputs([("--plot", parsed.GetValue(plot), ".svg")], parsed.GetValue(checkpoint), parsed.GetValue(compare));
            IBenchResult result;
            if (isAttention)
            {
                if (parsed.GetValue(train) || parsed.GetValue(profile))
                    throw new ArgumentException("--attention without --model measures kernels alone: leave out --train and --profile.");
                string[] kinds = parsed.GetValue(attention) is { Length: > 0 } named ? named : [.. AttentionCase.Kinds];
                if (kinds.FirstOrDefault(kind => !AttentionCase.Kinds.Contains(kind)) is { } unknown)
                    throw new ArgumentException($"--attention {unknown}: kernels of their own have {string.Join(", ", AttentionCase.Kinds)}. Any other attention is measured in a --model.");
                result = new AttentionOutput(MeasureAttention(kinds, parsed.GetValue(heads), parsed.GetValue(dims)!, parsed.GetValue(tokens)!, duration, parsed.GetValue(plot)));
            }
            else
            {
                ModelEntry entry = ModelRegistry.Find(parsed.GetValue(model) ?? throw new ArgumentException("bench takes --model NAME, or --attention."))
                    .WithAttention(CommonOptions.NamesOf(parsed.GetValue(attention) is { Length: > 0 } wanted ? string.Join(',', wanted) : null));
                if (parsed.GetValue(attention) is [] && parsed.GetResult(attention) is { Implicit: false })
                    throw new ArgumentException("--attention with --model takes the name of an attention; without --model it measures kernels alone.");
                int images = parsed.GetValue(batch) ?? (parsed.GetValue(train) ? 8 : 1);
                VisionModel LoadModel() => Load(entry, parsed.GetValue(checkpoint));
                result = parsed.GetValue(train)
                    ? new SpeedOutput(TrainingResult.Measure(entry, () => Recomputing(LoadModel(), parsed.GetValue(recompute)), images, duration, parsed.GetValue(profile)))
                    : new SpeedOutput(InferenceResult.Measure(entry, LoadModel, images, duration, parsed.GetValue(profile)));
            }

            Print(result, earlier, parsed.GetValue(json));
        });
        return command;
    }

    private static AttentionResult MeasureAttention(string[] kinds, int heads, int[] dims, int[] tokens, TimeSpan duration, string? plot)
    {
        if (dims.FirstOrDefault(dim => dim % 2 != 0) is > 0 and var odd)
            throw new ArgumentException($"--dim takes even numbers, not {odd}.");
        if (3L * heads * dims.Max() * tokens.Max() > int.MaxValue)
            throw new ArgumentException($"{tokens.Max()} tokens of {heads} × {dims.Max()} channels are more than a measurement takes.");
        AttentionResult result = AttentionResult.Measure(kinds, heads, dims, [.. tokens.Distinct()], duration);
        if (plot is not null)
            OutputFile.Write(plot, CrossoverPlot.Svg(result));
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
                json["compared"] = Json.Node(figures.Select(figure => new { name = figure.Name, old = figure.Old, @new = figure.New, ratio = figure.Ratio }));
            Json.Print(json);
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
            table.AddRow(Markup.Escape(PlainText.Of(figure.Name)), Number(figure.Old), Number(figure.New), figure.Ratio is { } ratio ? ratio.ToString("F3", CultureInfo.InvariantCulture) : "–");
        Terminal.Tables.Write(table);
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
