using System.Globalization;
using System.Text;
using System.Text.Json;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Benchmarks;

/// <summary>
/// Trains one host with each attention and several seeds on CIFAR-10, and prints the table of docs/results.md:
/// <c>-- --attentions RECIPE DATA FOLDER</c>. Runs found in the folder are continued, so the comparison can be stopped at any time.
/// </summary>
internal static class AttentionComparison
{
    private const int Seeds = 3;

    private static readonly (string Name, string Flag)[] Attentions =
        [("softmax", "v"), ("ReLU linear (EfficientViT)", "r"), ("focused linear (FLatten)", "f"), ("polarity (PolaFormer++)", "l")];

    public static void Run(string recipe, string data, string folder)
    {
        var table = new StringBuilder("| attention | parameters | top-1 of each seed | mean ± standard deviation | training loss | images/s |\n|---|---|---|---|---|---|\n");
        foreach ((string name, string flag) in Attentions)
        {
            Outcome[] outcomes = [.. Enumerable.Range(0, Seeds).Select(seed => Train(recipe, data, Path.Combine(folder, $"{flag}-{seed}"), flag, seed))];
            double mean = outcomes.Average(outcome => outcome.Top1), deviation = Math.Sqrt(outcomes.Sum(outcome => Math.Pow(outcome.Top1 - mean, 2)) / (Seeds - 1));
            table.AppendLine(CultureInfo.InvariantCulture,
                $"| {name} | {outcomes[0].Parameters / 1e3:F1} k | {string.Join(", ", outcomes.Select(outcome => outcome.Top1.ToString("P2", CultureInfo.InvariantCulture)))} | {mean:P2} ± {deviation * 100:F2} | {outcomes.Average(outcome => outcome.Loss):F3} | {outcomes.Average(outcome => outcome.ImagesPerSecond):F0} |");
            Console.WriteLine(table);
        }

        File.WriteAllText(Path.Combine(folder, "table.md"), table.ToString());
    }

    // A finished run, found again, trains nothing: its last epoch is in its log.
    private static Outcome Train(string recipe, string data, string folder, string flag, int seed)
    {
        TrainingConfig config = ConfigurationReader.Read(recipe, ["DATA.DATA_PATH", data, "SEED", $"{seed}"]);
        config.Model.Pp.Flags = [.. config.Model.Pp.Flags.Select(_ => flag)];
        Trainer trainer = ConfiguredTrainer.Create(config, folder);
        Console.WriteLine($"{flag}, seed {seed} → {folder}");
        trainer.Run();
        string last = File.ReadLines(Path.Combine(folder, "log.jsonl")).Last(line => line.StartsWith("""{"kind":"epoch",""", StringComparison.Ordinal));
        using var epoch = JsonDocument.Parse(last);
        return new Outcome(trainer.Model.ParameterCount, Number("top1"), Number("train_loss"), Number("images_per_second"));

        double Number(string key) => epoch.RootElement.GetProperty(key).GetDouble();
    }

    private sealed record Outcome(long Parameters, double Top1, double Loss, double ImagesPerSecond);
}
