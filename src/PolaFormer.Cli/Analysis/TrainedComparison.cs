using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.NN.Attention;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Cli.Analysis;

/// <summary>One network trained with each of some mechanisms and several seeds, all else equal.</summary>
/// <param name="Entries">The mechanisms.</param>
/// <param name="Runs">Runs of each mechanism, by seed; fewer where the comparison was stopped.</param>
internal sealed record TrainedComparison(IReadOnlyList<AttentionEntry> Entries, IReadOnlyList<IReadOnlyList<TrainedRun>> Runs)
{
    /// <summary>Trains, the first seed of all mechanisms before the second; finished runs are found again and others continued.</summary>
    /// <param name="recipe">The network and its training.</param>
    /// <param name="opts">Keys and values over the recipe.</param>
    /// <param name="data">The images.</param>
    /// <param name="entries">The mechanisms.</param>
    /// <param name="seeds">Runs of each mechanism, with seeds from 0.</param>
    /// <param name="folder">Where the runs are.</param>
    /// <param name="tell">Receives a line about the run under way.</param>
    /// <param name="stop">Ends the run under way after its step.</param>
    /// <exception cref="ConfigurationException">The recipe cannot be used.</exception>
    public static TrainedComparison Run(string recipe, IReadOnlyList<string> opts, string data, IReadOnlyList<AttentionEntry> entries, int seeds, string folder, Action<string> tell, CancellationToken stop)
    {
        List<TrainedRun>[] runs = [.. entries.Select(_ => new List<TrainedRun>())];
        for (int seed = 0; seed < seeds; seed++)
        {
            for (int i = 0; i < entries.Count && !stop.IsCancellationRequested; i++)
            {
                TrainingConfig config = ConfigurationReader.Read(recipe, opts);
                config.Data.DataPath = data;
                config.Model.Attention = [entries[i].Name];
                config.Model.NumClasses = TrainingData.OpenSplits(config).Train.Classes.Count;
                config.Seed = seed;
                config.Output = Path.Combine(folder, $"{FileNameOf(entries[i].Name)}-{seed}");
                if (Train(config, $"{entries[i].Name}, seed {seed}", tell, stop) is { } run)
                    runs[i].Add(run);
            }
        }

        return new TrainedComparison(entries, runs);
    }

    /// <summary>A row for each mechanism: parameters, the accuracy of each seed, its mean with the half of the 95 % interval.</summary>
    public ReportTable Table() => new(
        ["mechanism", "parameters", "best top-1 of each seed", "mean", "± 95 %", "minutes a run"],
        [.. Entries.Select((entry, i) =>
        {
            double[] values = [.. Runs[i].Select(run => run.Top1)];
            double half = SampleStatistics.HalfIntervalOf(values);
            return (string[])
            [
                entry.Title, Runs[i].Count == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{Runs[i][0].Parameters:N0}"), values.Length == 0 ? "–" : string.Join(", ", values.Select(Percent)),
                values.Length == 0 ? "–" : Percent(values.Average()), double.IsNaN(half) ? "–" : Percent(half), values.Length == 0 ? "–" : Runs[i].Average(run => run.Seconds / 60).ToString("F1", CultureInfo.InvariantCulture),
            ];
        })]);

    /// <summary>A row for each run.</summary>
    public ReportTable Numbers() => new(
        ["mechanism", "seed", "parameters", "best_top1", "best_epoch", "seconds"],
        [.. Entries.SelectMany((entry, i) => Runs[i].Select(run => (string[])
        [
            entry.Name, Text(run.Seed), Text(run.Parameters), run.Top1.ToString("R", CultureInfo.InvariantCulture), Text(run.BestEpoch), run.Seconds.ToString("F1", CultureInfo.InvariantCulture),
        ]))]);

    /// <summary>Best accuracy by mechanism and seed, NaN for a run that is not there.</summary>
    public IEnumerable<NpzArray> Arrays()
    {
        int seeds = Runs.Max(runs => runs.Count);
        yield return new NpzArray("best_top1", [.. Runs.SelectMany(runs => Enumerable.Range(0, seeds).Select(seed => seed < runs.Count ? (float)runs[seed].Top1 : float.NaN))], Runs.Count, seeds);
    }

    /// <summary>The evaluation accuracy over epochs, a line for each run, one colour for a mechanism.</summary>
    public Figure Draw(string note)
    {
        IReadOnlyList<LineStyle> styles = MechanismStyle.Of([.. Entries.Select(entry => entry.Name)]);
        ChartLine[] lines = [.. Entries.SelectMany((entry, i) => Runs[i].Select(run => new ChartLine(entry.Title, [.. run.Curve.Select((value, epoch) => (epoch + 1.0, 100 * value))], styles[i])))];
        return new Figure("Accuracy over epochs", [new ChartPanel($"A line for each seed. {note}", "epoch", "top-1 on the evaluation images (%)", lines)]);
    }

    private static TrainedRun? Train(TrainingConfig config, string name, Action<string> tell, CancellationToken stop)
    {
        tell(name);
        Trainer trainer = ConfiguredTrainer.Create(config, config.Output);
        var watcher = new RunWatcher(name, tell);
        return trainer.Run(watcher, stop) && watcher.End is { } end
            ? new TrainedRun(config.Seed, trainer.Model.ParameterCount, end.Best.Value, end.BestEpoch, end.Elapsed.TotalSeconds, CurveOf(config.Output))
            : null;
    }

    // A finished run trains nothing when it is found again: its curve is in its table.
    private static double[] CurveOf(string folder)
    {
        string[][] lines = [.. File.ReadLines(Path.Combine(folder, "summary.csv")).Select(line => line.Split(','))];
        int column = Array.IndexOf(lines[0], "val_top1");
        return [.. lines.Skip(1).Select(line => double.Parse(line[column], CultureInfo.InvariantCulture))];
    }

    private static string FileNameOf(string name) => string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '+' ? c : '_'));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("P2", CultureInfo.InvariantCulture);

    private sealed class RunWatcher(string name, Action<string> tell) : ITrainingObserver
    {
        public RunEnd? End { get; private set; }

        public bool WantsStep(int step) => false;

        public void EpochDone(EpochResult result) => tell($"{name}: epoch {result.Epoch}, {result.Evaluation.First.ToText()}");

        public void RunEnded(RunEnd end) => End = end;
    }
}
