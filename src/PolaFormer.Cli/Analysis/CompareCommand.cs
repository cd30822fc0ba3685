using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.Measurement;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>compare</c>: mechanisms beside each other on the same random tokens.</summary>
internal static class CompareCommand
{
    private const int MostChannels = 1 << 16;

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
        var plot = new Option<string?>("--plot") { HelpName = "FILE.svg", Description = "Also draw time, memory and multiply-accumulates over tokens." };
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command(name, "Compare mechanisms: time, memory, multiply-accumulates, entropy.") { mechanisms, tokens, dim, heads, memory, html, plot, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            IReadOnlyList<AttentionEntry> entries = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            int[] counts = Counts(parsed.GetValue(tokens)!);
            long limit = (long)(1e9 * parsed.GetValue(memory));
            (int channels, int numHeads) = (parsed.GetValue(dim), parsed.GetValue(heads));
            if (channels % numHeads != 0)
                throw new ArgumentException($"--heads {numHeads} does not divide --dim {channels}.");
            if (3L * channels * counts[^1] > int.MaxValue)
                throw new ArgumentException($"{counts[^1]} tokens of {channels} channels are more than a measurement takes.");
            if (entries.Count == 0)
                throw new ArgumentException("--mechanisms names none to compare.");
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html"), ("--plot", parsed.GetValue(plot), ".svg")]);
            var results = new List<MechanismMeasurement>();
            foreach (int count in counts)
            {
                foreach (AttentionEntry entry in entries)
                {
                    if (!Console.IsErrorRedirected)
                        Terminal.Error.Write($"\r\u001b[K{entry.Name}, {count} tokens");
                    results.Add(MechanismComparison.Measure(entry, channels, numHeads, count, limit));
                }
            }

            if (!Console.IsErrorRedirected)
                Terminal.Error.Write("\r\u001b[K");
            if (parsed.GetValue(plot) is { } picture)
                OutputFile.Write(picture, Svg(results));
            Show(results, counts, $"{channels} channels in {numHeads} head{(numHeads == 1 ? "" : "s")}, one image, {Workers.ThreadCount} thread{(Workers.ThreadCount == 1 ? "" : "s")}", parsed.GetValue(html), parsed.GetValue(json));
        });
        return command;
    }

    private static void Show(List<MechanismMeasurement> results, int[] counts, string subtitle, string? html, bool json)
    {
        var table = new ReportTable(
            ["mechanism", "tokens", "ms", "MB", "10⁶ MACs", "entropy of ln n"],
            [.. results.Select(result => (string[])
            [
                result.Entry.Name, Text($"{result.Tokens}"), result.Milliseconds is { } ms ? Text($"{ms:F3}") : result.Reason!,
                result.Milliseconds is null ? "–" : Text($"{result.PeakBytes / 1e6:F2}"), Text($"{result.Cost.MultiplyAccumulates / 1e6:F2}"),
                result.Entropy is { } entropy ? entropy.ToString("P1", CultureInfo.InvariantCulture) : "–",
            ])]);
        if (html is not null)
        {
            ReportChart Chart(string title, string unit, Func<MechanismMeasurement, double?> value) => new(
                title, "tokens", unit, [.. counts.Select(count => (double)count)],
                [.. results.GroupBy(result => result.Entry).Select(group => new ReportSeries(group.Key.Title, [.. counts.Select(count => value(group.First(result => result.Tokens == count)))]))],
                IsLogarithmic: true);
            var section = new ReportSection("Cost over tokens")
            {
                Text = "Both axes are logarithmic: a linear mechanism rises by one decade where the tokens do, a quadratic one by two. Entropy is the mean over rows of random queries, as a share of that of equal weights.",
                Charts =
                [
                    Chart("Time of a forward pass", "ms", result => result.Milliseconds),
                    Chart("Memory beyond the inputs", "MB", result => result.Milliseconds is null ? null : Math.Max(result.PeakBytes, 1) / 1e6),
                    Chart("Declared multiply-accumulates", "10⁶", result => result.Cost.MultiplyAccumulates == 0 ? null : result.Cost.MultiplyAccumulates / 1e6),
                    Chart("Entropy", "of ln n", result => result.Entropy),
                ],
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
    }

    private static string Svg(List<MechanismMeasurement> results)
    {
        LogPanel Panel(string title, string unit, Func<MechanismMeasurement, double> value) => new(
            title, "tokens", unit,
            [.. results.GroupBy(result => result.Entry).Select(group => (group.Key.Name, (IReadOnlyList<(double, double)>)[.. group.Where(result => result.Milliseconds is not null).Select(result => ((double)result.Tokens, value(result)))]))]);
        return LogPlot.Svg(
        [
            Panel("Time of a forward pass", "milliseconds", result => result.Milliseconds!.Value),
            Panel("Memory beyond the inputs", "megabytes", result => result.PeakBytes / 1e6),
            Panel("Multiply-accumulates", "millions", result => result.Cost.MultiplyAccumulates / 1e6),
        ]);
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
