using PolaFormer.Training.Reporting.Events;

namespace PolaFormer.Training.Reporting;

/// <summary>
/// A run's curves for TensorBoard: <c>train/…</c> over steps, <c>val/…</c> and <c>ema/…</c> over epochs, all placed at the step of the
/// whole run. Every start writes a file of its own; one that continues opens with a START, by which TensorBoard drops what an
/// earlier file holds from there on.
/// </summary>
/// <param name="folder">Where to write.</param>
/// <param name="every">Steps of an epoch between points.</param>
/// <param name="clock">Names the files and stamps the events.</param>
internal sealed class TensorBoardLog(string folder, int every, TimeProvider clock) : ITrainingObserver
{
    private EventFile? _file;
    private RunDescription? _start;

    public void RunStarted(RunDescription run)
    {
        (_start, _file) = (run, null);
        Open();
    }

    public bool WantsStep(int step) => step % every == 0;

    public void StepDone(TrainingProgress progress)
    {
        if (!WantsStep(progress.Step))
            return;
        Write(
            progress.GlobalStep,
            ("train/loss", progress.StepLoss),
            ($"train/{progress.Metric.Definition.Name}", progress.Metric.Value),
            ("train/lr", progress.LearningRate),
            ("train/grad_norm", progress.GradientNorm),
            ("train/images_per_second", progress.ExamplesPerSecond));
    }

    public void EpochDone(EpochResult result)
    {
        WriteEvaluation("val", result.GlobalStep, result.Evaluation);
        if (result.EmaEvaluation is { } averaged)
            WriteEvaluation("ema", result.GlobalStep, averaged);
    }

    // Where the file could not be made at the start, every event tries again.
    private EventFile? Open()
    {
        if (_file is not null || _start is not { } run)
            return _file;
        var file = new EventFile(folder, clock);
        // Points at the step of a START are dropped too, so it names the first step to come.
        if (run.ResumedFrom is not null)
            file.Append(new Event { Step = run.GlobalStep + 1, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
        return _file = file;
    }

    private void WriteEvaluation(string group, long step, Evaluation evaluation) =>
        Write(step, [.. evaluation.Metrics.Values.Select(metric => ($"{group}/{metric.Definition.Name}", metric.Value)), ($"{group}/loss", evaluation.Loss)]);

    private void Write(long step, params ReadOnlySpan<(string Tag, double Value)> points)
    {
        var summary = new Summary();
        foreach ((string tag, double value) in points)
            summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        Open()?.Append(new Event { Step = step, Summary = summary });
    }
}
