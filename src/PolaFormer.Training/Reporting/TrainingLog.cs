using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>
/// The record of a run, <c>log.jsonl</c>, appended to. A run that starts anew starts it anew; one that continues first drops what a
/// killed process wrote after the saved state, so that the log reads as that of a run never stopped.
/// </summary>
internal sealed class TrainingLog : ITrainingObserver
{
    private readonly string _path;
    private readonly JsonLines _lines;

    // The start that is not in the file yet, because it could not be written; every record tries again.
    private RunDescription? _start;

    /// <summary>Opens nothing: the file is written from the start of a run on.</summary>
    /// <param name="path">The file.</param>
    /// <param name="every">Steps of an epoch between step records.</param>
    public TrainingLog(string path, int every)
    {
        _path = path;
        _lines = new JsonLines(Append, every);
    }

    public void RunStarted(RunDescription run)
    {
        _start = run;
        Begin();
    }

    public bool WantsStep(int step) => _lines.WantsStep(step);

    public void StepDone(TrainingProgress progress) => _lines.StepDone(progress);

    public void EpochDone(EpochResult result) => _lines.EpochDone(result);

    public void RunEnded(RunEnd end) => _lines.RunEnded(end);

    private void Append(string line)
    {
        Begin();
        AppendedFile.Append(_path, Encoding.UTF8.GetBytes(line + "\n"));
    }

    private void Begin()
    {
        if (_start is not { } run)
            return;
        OutputFile.Write(_path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            if (run.ResumedFrom is not null && File.Exists(_path))
            {
                foreach (LogRecord record in RunLog.Records(_path).Where(record => IsBefore(record, run)))
                    writer.WriteLine(record.ToLine());
            }

            writer.WriteLine(RunRecord.From(run).ToLine());
        });
        _start = null;
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
