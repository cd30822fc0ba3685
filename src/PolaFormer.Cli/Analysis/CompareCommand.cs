using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Measurement;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>compare</c>: mechanisms beside each other on the same random tokens.</summary>
internal static class CompareCommand
{
    private const int MostChannels = 1 << 16, MostSeeds = 1000;

    private const double MostGigabytes = 1e6;

    /// <summary>Makes the command: <c>analyze compare</c>, and <c>bench attention</c>.</summary>
    public static Command Create(string name)
    {
        Option<string[]> mechanisms = AnalysisOptions.Mechanisms("Mechanisms to compare; 'all' for all.");
        mechanisms.DefaultValueFactory = _ => ["softmax", "elu", "focused", "polarity"];
        var tokens = new Option<string>("--tokens") { HelpName = "N,…", Description = "Numbers of tokens.", DefaultValueFactory = _ => "196,784,3136" };
        var dim = new Option<int>("--dim") { HelpName = "C", Description = "Channels.", DefaultValueFactory = _ => 64, CustomParser = Numbers.One(1, MostChannels) };
        var heads = new Option<int>("--heads") { HelpName = "N", Description = "Heads.", DefaultValueFactory = _ => 2, CustomParser = Numbers.One(1, MostChannels) };
        var memory = new Option<double>("--memory") { HelpName = "GB", Description = "Mechanisms that declare more memory are left out; fused ones need less than they declare.", DefaultValueFactory = _ => 4, CustomParser = Numbers.One(0.0, MostGigabytes) };
        Option<string?> html = AnalysisOptions.Html();
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Also draw time, memory, multiply-accumulates and entropy over tokens: .png, .svg or .pdf." };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var train = new Option<bool>("--train") { Description = "Train one small network with each instead, and compare the accuracies." };
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "The images of --train, as for 'train'." };
        var recipe = new Option<string?>("--cfg") { HelpName = "FILE", Description = "The recipe of --train; configs/attention_comparison.yaml by default, for CIFAR-10." };
        var seeds = new Option<int>("--seeds") { HelpName = "N", Description = "Runs of each mechanism with --train.", DefaultValueFactory = _ => 3, CustomParser = Numbers.One(1, MostSeeds) };
        var output = new Option<string>("--output", "-o") { HelpName = "DIR", Description = "Folder of the runs of --train; what is finished there is not trained again.", DefaultValueFactory = _ => Path.Combine("output", "compare") };
        var opts = new Option<string[]>("--opts") { HelpName = "KEY VALUE", Description = "Keys and values over the recipe of --train: TRAIN.EPOCHS 1.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var files = new ResultFiles();
        var command = new Command(name, "Compare mechanisms: time, memory, multiply-accumulates, entropy; or by training.") { mechanisms, tokens, dim, heads, memory, train, data, recipe, seeds, output, html, plot, threads, json, opts };
        files.AddTo(command);
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            IReadOnlyList<AttentionEntry> entries = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            if (entries.Count == 0)
                throw new ArgumentException("--mechanisms names none to compare.");
            AnalysisOptions.CheckFigure("--plot", parsed.GetValue(plot));
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html"), ("--plot", parsed.GetValue(plot), ""), .. files.Of(parsed)]);
            if (parsed.GetValue(train))
            {
                string images = parsed.GetValue(data) ?? throw new ArgumentException("--train needs images: name them with --data.");
                using var stop = new StopSignals();
                var trained = TrainedComparison.Run(
                    parsed.GetValue(recipe) ?? Path.Combine(ShippedFolder.Find("configs"), "attention_comparison.yaml"), parsed.GetValue(opts) ?? [], images, entries, parsed.GetValue(seeds), parsed.GetValue(output)!, Tell, stop.Token);
                ShowTrained(trained, images, parsed.GetValue(plot), parsed.GetValue(html), parsed.GetValue(json));
                files.Write(parsed, trained.Numbers(), trained.Table(), "One network trained with each mechanism, all else equal; intervals by Student's t over seeds.", trained.Arrays());
                if (!stop.Token.IsCancellationRequested)
                    return 0;
                Console.Error.WriteLine("Stopped; the same command continues.");
                return 130;
            }

            if (parsed.GetValue(data) is not null || parsed.GetValue(recipe) is not null || parsed.GetValue(opts) is { Length: > 0 })
                throw new ArgumentException("--data, --cfg and --opts are for training: add --train.");
            int[] counts = Counts(parsed.GetValue(tokens)!);
            long limit = (long)(1e9 * parsed.GetValue(memory));
            (int channels, int numHeads) = (parsed.GetValue(dim), parsed.GetValue(heads));
            if (channels % numHeads != 0)
                throw new ArgumentException($"--heads {numHeads} does not divide --dim {channels}.");
            if (3L * channels * counts[^1] > int.MaxValue)
                throw new ArgumentException($"{counts[^1]} tokens of {channels} channels are more than a measurement takes.");
            var results = new List<MechanismMeasurement>();
            foreach (int count in counts)
            {
                foreach (AttentionEntry entry in entries)
                {
                    if (!Console.IsErrorRedirected)
                        Tell($"{entry.Name}, {count} tokens");
                    results.Add(MechanismComparison.Measure(entry, channels, numHeads, count, limit));
                }
            }

            if (!Console.IsErrorRedirected)
                Terminal.Error.Write("\r\u001b[K");
            string subtitle = $"{channels} channels in {numHeads} head{(numHeads == 1 ? "" : "s")}, one image, {Workers.ThreadCount} thread{(Workers.ThreadCount == 1 ? "" : "s")}";
            if (parsed.GetValue(plot) is { } picture)
                new Figure("Attention mechanisms over the number of tokens", [.. Charts(results, counts).Select(chart => chart.ToPanel())]) { Columns = 2, Note = $"{subtitle}. Both axes are logarithmic." }.Write(picture);
            ReportTable table = Table(results);
            Show(results, counts, table, subtitle, parsed.GetValue(html), parsed.GetValue(json));
            files.Write(parsed, NumbersOf(results), table, $"Attention mechanisms: {subtitle}.", Arrays(results, counts));
            return 0;
        });
        return command;
    }

    private static void ShowTrained(TrainedComparison trained, string data, string? plot, string? html, bool json)
    {
        if (!Console.IsErrorRedirected)
            Terminal.Error.Write("\r\u001b[K");
        ReportTable table = trained.Table();
        if (plot is not null)
            trained.Draw(Path.GetFileName(data)).Write(plot);
        if (html is not null)
            new AnalysisReport("Attention mechanisms, trained", data, [new ReportSection("Accuracy") { Text = "Best accuracy on the evaluation images; the interval is of the mean, by Student's t over seeds.", Table = table }]).Write(html);
        if (json)
            Json.Print(trained.Entries.SelectMany((entry, i) => trained.Runs[i].Select(run => new { mechanism = entry.Name, seed = run.Seed, parameters = run.Parameters, best_top1 = run.Top1, best_epoch = run.BestEpoch, seconds = run.Seconds, top1 = run.Curve })));
        else
            ConsoleTable.Print(table);
    }

    private static void Tell(string what)
    {
        if (Console.IsErrorRedirected)
            Console.Error.WriteLine(what);
        else
            Terminal.Error.Write($"\r\u001b[K{what}");
    }

    private static ReportTable Table(List<MechanismMeasurement> results) => new(
        ["mechanism", "tokens", "ms", "MB", "10⁶ MACs", "entropy of ln n"],
        [.. results.Select(result => (string[])
        [
            result.Entry.Name, Text($"{result.Tokens}"), result.Milliseconds is { } ms ? Text($"{ms:F3}") : result.Reason!,
            result.Milliseconds is null ? "–" : Text($"{result.PeakBytes / 1e6:F2}"), Text($"{result.Cost.MultiplyAccumulates / 1e6:F2}"),
            result.Entropy is { } entropy ? entropy.ToString("P1", CultureInfo.InvariantCulture) : "–",
        ])]);

    private static ReportTable NumbersOf(List<MechanismMeasurement> results) => new(
        ["mechanism", "tokens", "milliseconds", "peak_bytes", "macs", "declared_bytes", "entropy_of_uniform", "reason"],
        [.. results.Select(result => (string[])
        [
            result.Entry.Name, Text($"{result.Tokens}"), Text($"{result.Milliseconds:R}"), result.Milliseconds is null ? "" : Text($"{result.PeakBytes}"),
            Text($"{result.Cost.MultiplyAccumulates}"), Text($"{result.Cost.Bytes}"), Text($"{result.Entropy:R}"), result.Reason ?? "",
        ])]);

    // By mechanism and number of tokens, NaN where nothing was measured.
    private static NpzArray[] Arrays(List<MechanismMeasurement> results, int[] counts)
    {
        NpzArray Array(string name, Func<MechanismMeasurement, double?> value) => new(name, [.. results.GroupBy(result => result.Entry).SelectMany(group => counts.Select(count => (float)(value(group.First(result => result.Tokens == count)) ?? double.NaN)))], results.Count / counts.Length, counts.Length);
        return
        [
            new NpzArray("tokens", [.. counts.Select(count => (float)count)], counts.Length), Array("milliseconds", result => result.Milliseconds),
            Array("peak_bytes", result => result.Milliseconds is null ? null : result.PeakBytes), Array("macs", result => result.Cost.MultiplyAccumulates), Array("entropy_of_uniform", result => result.Entropy),
        ];
    }

    private static ReportChart[] Charts(List<MechanismMeasurement> results, int[] counts)
    {
        IGrouping<AttentionEntry, MechanismMeasurement>[] groups = [.. results.GroupBy(result => result.Entry)];
        IReadOnlyList<LineStyle> styles = MechanismStyle.Of([.. groups.Select(group => group.Key.Name)]);
        ReportChart Chart(string title, string unit, Func<MechanismMeasurement, double?> value) => new(
            title, "tokens", unit, [.. counts.Select(count => (double)count)],
            [.. groups.Select((group, i) => new ReportSeries(group.Key.Title, [.. counts.Select(count => value(group.First(result => result.Tokens == count)))], styles[i]))],
            IsLogarithmic: true);
        return
        [
            Chart("Time of a forward pass", "milliseconds", result => result.Milliseconds),
            Chart("Memory beyond the inputs", "megabytes", result => result.Milliseconds is null ? null : Math.Max(result.PeakBytes, 1) / 1e6),
            Chart("Declared multiply-accumulates", "millions", result => result.Cost.MultiplyAccumulates == 0 ? null : result.Cost.MultiplyAccumulates / 1e6),
            Chart("Entropy as a share of that of equal weights", "of ln n", result => result.Entropy),
        ];
    }

    private static void Show(List<MechanismMeasurement> results, int[] counts, ReportTable table, string subtitle, string? html, bool json)
    {
        if (html is not null)
        {
            var section = new ReportSection("Cost over tokens")
            {
                Text = "Both axes are logarithmic: a linear mechanism rises by one decade where the tokens do, a quadratic one by two. Entropy is the mean over rows of random queries, as a share of that of equal weights.",
                Charts = Charts(results, counts),
                Table = table,
            };
            new AnalysisReport("Attention mechanisms", subtitle, [section]).Write(html);
        }

        if (json)
        {
            Json.Print(results.Select(result => new
            {
                mechanism = result.Entry.Name,
                tokens = result.Tokens,
                milliseconds = result.Milliseconds,
                peak_bytes = result.PeakBytes,
                macs = result.Cost.MultiplyAccumulates,
                declared_bytes = result.Cost.Bytes,
                entropy_of_uniform = result.Entropy,
                reason = result.Reason,
            }));
            return;
        }

        Console.WriteLine(subtitle);
        ConsoleTable.Print(table);
        foreach (MechanismGrowth growth in MechanismGrowth.Of(results).Where(growth => growth.Exponent is not null))
            Console.WriteLine(Text($"{growth.Entry.Name}: time grows as N^{growth.Exponent:F2}{(growth.CrossoverTokens is { } crossover ? Text($"; faster than softmax from N = {crossover:F0}") : "")}"));
    }

    private static int[] Counts(string text)
    {
        var counts = new SortedSet<int>();
        foreach (string part in text.Split(','))
        {
            if (!Numbers.TryRead(part, out int count) || count is < 1 or > AttentionResult.MostTokens)
                throw new ArgumentException($"--tokens takes whole numbers from 1 to {AttentionResult.MostTokens} between commas, not '{text}'.");
            counts.Add(count);
        }

        return [.. counts];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
