using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.LongRange;
using PolaFormer.Reproduction.Paper;

namespace PolaFormer.Reproduction;

/// <summary>Accuracies on Long Range Arena: table 4 and the starts of the gate in appendix A.4. Runs are trained, or found finished.</summary>
public static class AccuracyTable
{
    private const double ListOpsRoot = 36.4;

    /// <summary>Table 4.</summary>
    /// <exception cref="ArgumentException">A task or mechanism is not in the table, or nothing can be trained or shown.</exception>
    public static ReproducedTable Table4(ReproductionOptions options)
    {
        IReadOnlyList<ArenaTask> tasks = [.. (options.Tasks.Count == 0 ? PaperArena.Table4Tasks : options.Tasks).Select(ArenaTask.Find)];
        IReadOnlyList<PaperAccuracies> mechanisms = options.Mechanisms.Count == 0 ? PaperArena.Table4 : [.. options.Mechanisms.SelectMany(Rows).Distinct()];
        Dictionary<(string, string), List<AccuracyCell>> cells = Train(options, tasks, [.. mechanisms.Select(row => row.Attention)]);
        var rows = new List<string[]>();
        foreach (PaperAccuracies row in PaperArena.Table4)
        {
            double?[] ours = [.. PaperArena.Table4Tasks.Select(task => Mean(cells.GetValueOrDefault((task, row.Attention))))];
            rows.Add(
            [
                row.Title,
                .. PaperArena.Table4Tasks.SelectMany((task, i) => (string[])[Figure(cells.GetValueOrDefault((task, row.Attention))), Text($"{row.Accuracies[i]:F2}")]),
                ours.All(value => value is not null) ? Text($"{ours.Average():F2}") : ReproducedTable.NotRun, Text($"{row.Average:F2}"), row.Source,
            ]);
        }

        rows.Add(["a constant answer", .. PaperArena.Table4Tasks.SelectMany(task => (string[])[Text($"{PaperArena.FloorOf(task):F1}"), ReproducedTable.NotRun]), ReproducedTable.NotRun, ReproducedTable.NotRun, ""]);
        rows.Add(["the root operator alone", .. PaperArena.Table4Tasks.SelectMany(task => (string[])[task == "listops" ? Text($"{ListOpsRoot:F1}") : ReproducedTable.NotRun, ReproducedTable.NotRun]), ReproducedTable.NotRun, ReproducedTable.NotRun, ""]);
        return new ReproducedTable("table4", "Table 4: accuracy on Long Range Arena, %", new ReportTable(
            ["model", .. PaperArena.Table4Tasks.SelectMany(task => (string[])[ArenaTask.Find(task).Title, "paper"]), "average", "paper", "the paper's row comes from"], rows))
        {
            Notes =
            [
                .. Notes(cells),
                "The paper's table mixes protocols: seven of its rows are those of Google's leaderboard, of larger networks and other lengths. Ours trains every mechanism in Skyformer's network.",
                "ListOps: the answer of a constant is right in 17.9 %, the most frequent answer for the first operator in 36.4 % (3,000 rows of the official generator). A figure near the latter shows that the first token was read, no more.",
                "Under the paper's protocol the dev rows of Text are its test rows, so its weights are chosen on what they are tested on.",
                "Where the rows of a task are not the released ones, its column is not the paper's.",
            ],
            Charts = [.. PaperArena.Table4Tasks.Where(task => cells.Keys.Any(key => key.Item1 == task)).Select(task => Chart(task, cells, PaperArena.Table4.Select(row => (row.Title, row.Attention))))],
        };

        static IEnumerable<PaperAccuracies> Rows(string name)
        {
            PaperAccuracies[] found = [.. PaperArena.Table4.Where(row => row.Attention == name || row.Attention.StartsWith(name + "(", StringComparison.Ordinal))];
            return found.Length > 0 ? found : throw new ArgumentException($"Table 4 has no mechanism '{name}'. It has {string.Join(", ", PaperArena.Table4.Select(row => row.Attention))}.");
        }
    }

    /// <summary>Appendix A.4.</summary>
    /// <inheritdoc cref="Table4"/>
    public static ReproducedTable TableA4(ReproductionOptions options)
    {
        Dictionary<(string, string), List<AccuracyCell>> cells = Train(options, [ArenaTask.Text], [.. PaperArena.TableA4.Select(row => row.Attention)]);
        return new ReproducedTable("a4", "Appendix A.4: starts of the gate on Text, accuracy in %", new ReportTable(
            ["start", "ours", "paper"],
            [.. PaperArena.TableA4.Select(row => (string[])[row.Title, Figure(cells.GetValueOrDefault(("text", row.Attention))), Text($"{row.Accuracy:F2}")])]))
        {
            Notes = [.. Notes(cells), "The gate is a learned matrix, one coefficient for each position and channel, as the paper writes it; α = 3. Read it as a ranking: the standard error of one run is half a point and more."],
            Charts = cells.Count == 0 ? [] : [Chart("text", cells, PaperArena.TableA4.Select(row => (row.Title, row.Attention)))],
        };
    }

    // The first seed of all cells before the second: a table that was stopped is as wide as can be.
    private static Dictionary<(string, string), List<AccuracyCell>> Train(ReproductionOptions options, IReadOnlyList<ArenaTask> tasks, IReadOnlyList<string> attentions)
    {
        var runs = new ArenaRuns(options);
        var cells = new Dictionary<(string, string), List<AccuracyCell>>();
        for (int seed = 0; seed < options.Seeds; seed++)
        {
            foreach (ArenaTask task in tasks)
            {
                foreach (string attention in attentions)
                {
                    if (runs.Get(task, attention, seed) is not { } cell)
                        continue;
                    if (!cells.TryGetValue((task.Name, attention), out List<AccuracyCell>? same))
                        cells[(task.Name, attention)] = same = [];
                    same.Add(cell);
                }
            }
        }

        return cells.Count > 0 || options.Stop.IsCancellationRequested || options.Data.Count > 0
            ? cells
            : throw new ArgumentException("The table trains networks, and there is no data: name a folder for each task, --data listops=DIR text=DIR.");
    }

    private static IEnumerable<string> Notes(Dictionary<(string, string), List<AccuracyCell>> cells)
    {
        AccuracyCell[] all = [.. cells.Values.SelectMany(same => same)];
        if (all.Length == 0)
        {
            yield return "Nothing was run.";
            yield break;
        }

        foreach (IGrouping<string, AccuracyCell> task in all.GroupBy(cell => cell.Task))
        {
            string overrides = string.Join("; ", task.Select(cell => cell.Overrides).Where(text => text.Length > 0).Distinct());
            yield return Text($"{ArenaTask.Find(task.Key).Title}: {string.Join(", ", task.Select(cell => cell.Steps).Distinct().Order())} of Skyformer's 50000 steps, protocol {string.Join(", ", task.Select(cell => cell.Protocol).Distinct())}, {task.Max(cell => cell.Seed) + 1} seeds, {task.Sum(cell => cell.Seconds) / 3600:F1} hours{(overrides.Length > 0 ? $", over the recipe {overrides}" : "")}.");
        }

        yield return "± is the standard error of the mean over seeds. The paper does not tell its seeds or steps.";
    }

    private static string Figure(List<AccuracyCell>? cells)
    {
        if (Mean(cells) is not { } mean)
            return ReproducedTable.NotRun;
        if (cells!.Count == 1)
            return Text($"{mean:F2}");
        double variance = cells.Sum(cell => Math.Pow((100 * cell.Accuracy) - mean, 2)) / (cells.Count - 1);
        return Text($"{mean:F2} ± {Math.Sqrt(variance / cells.Count):F2} ({cells.Count})");
    }

    private static double? Mean(List<AccuracyCell>? cells) => cells is null ? null : 100 * cells.Average(cell => cell.Accuracy);

    // The mean over seeds at the steps that all of them have.
    private static ReportChart Chart(string task, Dictionary<(string, string), List<AccuracyCell>> cells, IEnumerable<(string Title, string Attention)> mechanisms)
    {
        double[] steps = [.. cells.Where(pair => pair.Key.Item1 == task).SelectMany(pair => pair.Value).SelectMany(cell => cell.Curve).Select(point => (double)point.Step).Distinct().Order()];
        return new ReportChart(
            $"{ArenaTask.Find(task).Title}: dev accuracy", "steps", "%", steps,
            [.. from mechanism in mechanisms
                let same = cells.GetValueOrDefault((task, mechanism.Attention))
                where same is not null
                select new ReportSeries(mechanism.Title, [.. steps.Select(step => At(same, (long)step))])]);

        static double? At(List<AccuracyCell> same, long step)
        {
            double[] values = [.. same.Select(cell => cell.Curve.FirstOrDefault(point => point.Step == step)).OfType<CurvePoint>().Select(point => 100 * point.Accuracy)];
            return values.Length == same.Count ? values.Average() : null;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
