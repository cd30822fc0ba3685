namespace PolaFormer.Training.Reporting;

/// <summary>Writes a run's events as JSON, one object a line: of kind run, step, epoch and end.</summary>
/// <param name="write">Takes a line, without its end.</param>
/// <param name="every">Steps of an epoch between step records.</param>
public sealed class JsonLines(Action<string> write, int every) : ITrainingObserver
{
    /// <inheritdoc/>
    public void RunStarted(RunDescription run) => write(RunRecord.From(run).ToLine());

    /// <inheritdoc/>
    public bool WantsStep(int step) => step % every == 0;

    /// <inheritdoc/>
    public void StepDone(TrainingProgress progress)
    {
        if (WantsStep(progress.Step))
            write(StepRecord.From(progress).ToLine());
    }

    /// <inheritdoc/>
    public void EpochDone(EpochResult result) => write(EpochRecord.From(result).ToLine());

    /// <inheritdoc/>
    public void RunEnded(RunEnd end) => write(EndRecord.From(end).ToLine());
}
