using System.Text.Json;
using PolaFormer.Files;
using PolaFormer.LongRange;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Reproduction;

/// <summary>
/// Trains a network of Long Range Arena by its task's recipe, or finds the run finished. Each run has a folder of its own, from which one
/// that was stopped goes on.
/// </summary>
/// <param name="options">What is asked for.</param>
internal sealed class ArenaRuns(ReproductionOptions options)
{
    private const long MaxLogBytes = 1 << 28;

    /// <summary>The finished run; null where it was stopped, or where it is not there and its task has no data.</summary>
    /// <param name="task">Task.</param>
    /// <param name="attention">Mechanism by its name in the registry.</param>
    /// <param name="seed">Seed.</param>
    /// <exception cref="ConfigurationException">The recipe cannot be read or asks for what is not supported.</exception>
    /// <exception cref="TrainingException">The run cannot go on.</exception>
    /// <exception cref="FileException">Data, cell or log cannot be read or written.</exception>
    public AccuracyCell? Get(ArenaTask task, string attention, int seed)
    {
        TrainingConfig config = Recipe(task, attention, seed);
        long steps = (long)config.Train.Epochs * config.LongRange.StepsPerEpoch;
        string name = FormattableString.Invariant($"train-{task.Name}-{attention}-{steps}-{seed}-{config.LongRange.Protocol}{string.Concat(options.Overrides.Select(part => $"-{part}"))}");
        if (options.Cells.Find<AccuracyCell>(name) is { } finished)
            return finished with { Overrides = string.Join(' ', options.Overrides) };
        if (config.Data.DataPath.Length == 0 || options.Stop.IsCancellationRequested)
            return null;
        string label = $"{task.Title}, {attention}, seed {seed}";
        options.Progress(label);
        string folder = Path.Combine(options.Folder, "runs", CellStore.FileNameOf(name));
        config.Output = folder;
        if (!ArenaTrainer.Create(config, folder).Run(new Watcher(options.Progress, label, steps), options.Stop))
            return null;
        AccuracyCell cell = Read(Path.Combine(folder, "log.jsonl"), task.Name, attention, seed, steps, config.LongRange.Protocol) with { Overrides = string.Join(' ', options.Overrides) };
        options.Cells.Save(name, cell);
        return cell;
    }

    // The recipe with as many steps as are asked for, in whole evaluations; the warm-up takes at most a fifth of them.
    private TrainingConfig Recipe(ArenaTask task, string attention, int seed)
    {
        TrainingConfig config = ConfigurationReader.Read(Path.Combine(options.Recipes, task.Name + ".yaml"), options.Overrides);
        config.Data.DataPath = options.Data.GetValueOrDefault(task.Name) ?? "";
        config.Model.Attention = [attention];
        config.Seed = seed;
        if (options.Steps > 0)
        {
            LongRangeConfig shape = config.LongRange;
            shape.StepsPerEpoch = Math.Min(shape.StepsPerEpoch, options.Steps);
            config.Train.Epochs = (options.Steps + shape.StepsPerEpoch - 1) / shape.StepsPerEpoch;
            shape.WarmupSteps = Math.Max(1, Math.Min(shape.WarmupSteps, options.Steps / 5));
        }

        return config;
    }

    private static AccuracyCell Read(string log, string task, string attention, int seed, long steps, string protocol)
    {
        var curve = new SortedDictionary<long, double>();
        (double? accuracy, double seconds) = (null, 0);
        foreach (string line in InputFile.ReadAllLines(log, MaxLogBytes))
        {
            if (Parse(line) is not { } record)
                continue;
            string? kind = record.TryGetProperty("kind", out JsonElement value) ? value.GetString() : null;
            if (kind == "epoch" && Number(record, "accuracy") is { } share && Number(record, "global_step") is { } step)
                curve[(long)step] = share;
            if (kind == "end" && Number(record, "test_accuracy") is { } tested)
                (accuracy, seconds) = (tested, Number(record, "seconds") ?? 0);
        }

        return new AccuracyCell(
            task, attention, seed, steps, protocol, accuracy ?? throw new FileException(log, "the run is finished and its log has no test. Delete the run's folder, and it is trained again."), seconds,
            [.. curve.Select(point => new CurvePoint(point.Key, point.Value))]);
    }

    // A process that was killed leaves half a line.
    private static JsonElement? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static double? Number(JsonElement record, string key) => record.TryGetProperty(key, out JsonElement value) && value.TryGetDouble(out double number) ? number : null;

    private sealed class Watcher(Action<string> progress, string label, long steps) : ITrainingObserver
    {
        public bool WantsStep(int step) => false;

        public void Warned(string message) => progress($"{label}: {message}");

        public void EpochDone(EpochResult result) => progress(FormattableString.Invariant($"{label}: step {result.GlobalStep} of {steps}, dev accuracy {result.Evaluation.First.ToText()}"));
    }
}
