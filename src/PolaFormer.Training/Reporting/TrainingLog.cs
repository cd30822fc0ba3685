using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>
/// The record of a run, <c>log.jsonl</c>, appended to. A run that starts anew starts it anew; one that continues first drops what a
/// killed process wrote after the saved state, so that the log reads as that of a run never stopped.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="every">Steps of an epoch between step records.</param>
internal sealed class TrainingLog(string path, int every) : ITrainingObserver
{
    private readonly JsonLines _lines = new(line => File.AppendAllText(path, line + "\n"), every);

    public void RunStarted(RunDescription run)
    {
        if (File.Exists(path))
            OutputFile.Write(path, stream => Keep(stream, run));
        _lines.RunStarted(run);
    }

    public void StepDone(TrainingProgress progress) => _lines.StepDone(progress);

    public void EpochDone(EpochResult result) => _lines.EpochDone(result);

    public void RunEnded(RunEnd end) => _lines.RunEnded(end);

    private void Keep(Stream stream, RunDescription run)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (LogRecord record in RunLog.Records(path).Where(record => run.ResumedFrom is not null && IsBefore(record, run)))
            writer.WriteLine(record.ToLine());
    }

    private static bool IsBefore(LogRecord record, RunDescription run) => record switch
    {
        StepRecord step => step.GlobalStep <= run.GlobalStep,
        // State may have been saved between an epoch's last step and its evaluation.
        EpochRecord epoch => epoch.Epoch <= run.EpochsDone,
        RunRecord start => start.GlobalStep < run.GlobalStep,
        _ => false,
    };
}
