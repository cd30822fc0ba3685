namespace PolaFormer.Training.Reporting;

/// <summary>What a log tells of a run.</summary>
/// <param name="Run">Its latest start.</param>
/// <param name="Steps">Steps, in order.</param>
/// <param name="Epochs">Epochs, in order.</param>
/// <param name="End">How it ended, or null while it goes on.</param>
internal sealed record RunLog(RunRecord Run, IReadOnlyList<StepRecord> Steps, IReadOnlyList<EpochRecord> Epochs, EndRecord? End)
{
    private const long MaxBytes = 1L << 30;

    /// <summary>Reads a log.</summary>
    /// <exception cref="TrainingException">It is absent, too large, or lacks the record of a run's start.</exception>
    public static RunLog Read(string path)
    {
        RunRecord? run = null;
        EndRecord? end = null;
        var steps = new List<StepRecord>();
        var epochs = new List<EpochRecord>();
        foreach (LogRecord record in Records(path))
        {
            switch (record)
            {
                case RunRecord start: run = start; break;
                case StepRecord step: steps.Add(step); break;
                case EpochRecord epoch: epochs.Add(epoch); break;
                case EndRecord last: end = last; break;
            }
        }

        return run is { StepsPerEpoch: > 0 }
            ? new RunLog(run, steps, epochs, end)
            : throw new TrainingException($"{path}: no record tells of a run's start. Give the folder that 'train' wrote to.");
    }

    /// <summary>The records of a log in order; lines that are none, as a killed process leaves them, are passed over.</summary>
    /// <exception cref="TrainingException">It is absent or too large.</exception>
    public static IEnumerable<LogRecord> Records(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new TrainingException($"{path}: there is no such file. Give the folder that 'train' wrote to.");
        if (file.Length > MaxBytes)
            throw new TrainingException($"{path}: {file.Length} bytes are more than a log of a run has; at most {MaxBytes} are read.");
        return File.ReadLines(path).Select(LogRecord.Parse).OfType<LogRecord>();
    }
}
