using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>The contents of a log, in memory that does not grow with the run.</summary>
/// <param name="Run">Its latest start.</param>
/// <param name="Steps">Curves over its steps.</param>
/// <param name="Epochs">Epochs, in order; of more than a page shows, every second, fourth … and the last.</param>
/// <param name="End">How it ended, or null while it goes on.</param>
internal sealed record RunLog(RunRecord Run, StepCurves Steps, IReadOnlyList<EpochRecord> Epochs, EndRecord? End)
{
    private const long MaxBytes = 1L << 30;
    private const int MaxLineLength = 1 << 22, MaxMetrics = 64;

    /// <summary>How often it was started, or continued.</summary>
    public int Starts { get; init; } = 1;

    /// <summary>When it was started first, ISO 8601; null where the log does not tell.</summary>
    public string? FirstStarted { get; init; }

    /// <summary>The metrics of the run.</summary>
    public IReadOnlyList<MetricDefinition> Metrics => MetricsOf(Run);

    /// <summary>Reads a log.</summary>
    /// <exception cref="FileException">It is absent, or no regular file.</exception>
    /// <exception cref="TrainingException">It is too large, or lacks the record of a run's start.</exception>
    public static RunLog Read(string path)
    {
        RunRecord? run = null;
        EndRecord? end = null;
        int starts = 0;
        string? firstStarted = null;
        var steps = new StepCurves();
        var epochs = new ThinnedEpochs();
        foreach (LogRecord record in Records(path))
        {
            switch (record)
            {
                case RunRecord start:
                    run = start;
                    firstStarted = starts++ == 0 ? start.Environment?.Started : firstStarted;
                    break;
                case StepRecord step: steps.Add(step); break;
                case EpochRecord epoch: epochs.Add(run is null ? epoch : WithMetrics(epoch, MetricsOf(run))); break;
                case EndRecord last: end = last; break;
            }
        }

        return run is { StepsPerEpoch: > 0 }
            ? new RunLog(run, steps, epochs.ToArray(), end) { Starts = starts, FirstStarted = firstStarted }
            : throw new TrainingException($"{path}: no record tells of a run's start. Give the folder that 'train' wrote to.");
    }

    /// <summary>The records of a log in order; lines that are none, as a killed process leaves them, are passed over.</summary>
    /// <exception cref="FileException">It is absent, or no regular file.</exception>
    /// <exception cref="TrainingException">It is too large.</exception>
    public static IEnumerable<LogRecord> Records(string path)
    {
        using FileStream file = InputFile.Open(path);
        if (file.Length > MaxBytes)
            throw new TrainingException($"{path}: {file.Length} bytes are more than a log of a run has; at most {MaxBytes} are read.");
        using var reader = new StreamReader(file, Encoding.UTF8);
        foreach (string line in Lines(reader))
        {
            if (LogRecord.Parse(line) is { } record)
                yield return record;
        }
    }

    // Logs of earlier versions, all of classification, name none.
    private static IReadOnlyList<MetricDefinition> MetricsOf(RunRecord run) =>
        run.Metrics is { Count: > 0 and <= MaxMetrics } metrics && metrics.All(metric => metric is { Name: not null, Label: not null, IsNameValid: true }) && metrics.DistinctBy(metric => metric.Name).Count() == metrics.Count
            ? metrics
            : ClassificationMetrics.Definitions;

    // What else stands in a record is not kept, whatever its length.
    private static EpochRecord WithMetrics(EpochRecord epoch, IReadOnlyList<MetricDefinition> metrics)
    {
        HashSet<string> keys = [$"train_{metrics[0].Name}", .. metrics.Select(metric => metric.Name), .. metrics.Select(metric => $"ema_{metric.Name}")];
        return epoch with { Values = epoch.Values?.Where(entry => keys.Contains(entry.Key)).ToDictionary() };
    }

    // Lines too long for a record are passed over without being held.
    private static IEnumerable<string> Lines(StreamReader reader)
    {
        char[] buffer = new char[1 << 16];
        var line = new StringBuilder();
        bool isTooLong = false;
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            int start = 0;
            while (start < count)
            {
                int length = Array.IndexOf(buffer, '\n', start, count - start) is >= 0 and var end ? end - start : count - start;
                if (!(isTooLong |= line.Length + length > MaxLineLength))
                    line.Append(buffer, start, length);
                if ((start += length) == count)
                    break;
                if (!isTooLong)
                    yield return line.ToString();
                line.Clear();
                isTooLong = false;
                start++;
            }
        }

        if (!isTooLong && line.Length > 0)
            yield return line.ToString();
    }
}
