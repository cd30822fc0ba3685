using System.Diagnostics;
using PolaFormer.Analysis.Report;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary>Prints a run's course: one line that moves on a terminal, a line every few steps elsewhere, and a line an epoch.</summary>
/// <param name="output">Where to print.</param>
/// <param name="width">Characters of a terminal's line, asked for each time; null where there is no terminal.</param>
/// <param name="every">Steps between lines where there is no terminal.</param>
internal sealed class TrainingDisplay(TextWriter output, Func<int>? width, int every) : ITrainingObserver
{
    // A terminal's line moves no faster than it can be read.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Folder of the run, named at its end with what to do next; null to name none.</summary>
    public string? Folder { get; init; }

    /// <summary>Libraries that the run's network needs, named with what to do next.</summary>
    public IReadOnlyList<string> Plugins { get; init; } = [];

    private long _shownAt;
    private string _examples = "images";

    // What evaluating after an epoch took last; nothing before the first.
    private TimeSpan _evaluation;

    public void RunStarted(RunDescription run)
    {
        _examples = run.ExamplesName;
        if (run.ResumedFrom is { } path)
            output.WriteLine($"Continuing from {PlainText.Of(path)}: epoch {run.EpochsDone + 1}, step {run.StepsDone}");
    }

    public void Warned(string message) => output.WriteLine($"{(width is null ? "" : "\r\e[K")}warning: {PlainText.Of(message)}");

    public bool WantsStep(int step) => width is null ? step % every == 0 : Stopwatch.GetElapsedTime(_shownAt) >= s_pause;

    public void StepDone(TrainingProgress progress)
    {
        if (width is null && progress.Step % every != 0)
            return;
        _shownAt = Stopwatch.GetTimestamp();
        TimeSpan left = progress.Left + ((progress.Epochs - progress.Epoch + 1) * _evaluation);
        string line = FormattableString.Invariant(
            $"epoch {progress.Epoch}/{progress.Epochs}  step {progress.Step}/{progress.StepsPerEpoch}  loss {progress.Loss:F4}{IfMeasured(progress.Metric.Value, $"  {progress.Metric.Definition.Label} {progress.Metric.ToText(1)}")}  lr {progress.LearningRate:0.00e-0}  {progress.ExamplesPerSecond:F0} {_examples}/s  {Duration(left)} left");
        // A line that wraps could not be overwritten.
        if (width is not null)
            output.Write($"\r{line[..Math.Clamp(width() - 1, 0, line.Length)]}\e[K");
        else
            output.WriteLine(line);
    }

    public void EpochDone(EpochResult result)
    {
        _evaluation = result.Evaluation.Elapsed + (result.EmaEvaluation?.Elapsed ?? TimeSpan.Zero);
        if (width is not null)
            output.Write("\r\e[K");
        string averaged = result.EmaEvaluation is { } ema ? $", averaged weights {ema.First.ToText()}" : "";
        string bad = result.LeftOut > 0 ? $"; {result.LeftOut} {_examples} could not be read" : "";
        string line = FormattableString.Invariant(
            $"epoch {result.Epoch}: loss {result.TrainLoss:F4}{IfMeasured(result.TrainMetric.Value, $", train {result.TrainMetric.Definition.Label} {result.TrainMetric.ToText()}")}; evaluation {string.Join(", ", result.Evaluation.Metrics.Values.Select(metric => $"{metric.Definition.Label} {metric.ToText()}"))}{IfMeasured(result.Evaluation.Loss, FormattableString.Invariant($", loss {result.Evaluation.Loss:F4}"))}{averaged}; {result.ExamplesPerSecond:F0} {_examples}/s{Shared(result.Shared)}{bad}");
        output.WriteLine($"{line}{(result.IsBest ? " (best)" : "")}");
    }

    public void RunEnded(RunEnd end)
    {
        if (end.WasFinished)
        {
            output.WriteLine(FormattableString.Invariant(
                $"The run is finished: {end.Epochs} {(end.Epochs == 1 ? "epoch" : "epochs")} in {Duration(end.Elapsed)}, best {end.Best.Definition.Label} {(end.Best with { Value = Math.Max(end.Best.Value, 0) }).ToText()}. More TRAIN.EPOCHS continue it; a new run takes another output folder."));
        }

        // The line that moved stays, and what follows begins below it.
        else if (width is not null && !end.IsComplete)
            output.WriteLine();
        if (end is { IsComplete: true, WasFinished: false, BestEpoch: > 0 } && Folder is not null)
        {
            string best = PlainText.Of(Path.Combine(Folder, "best.safetensors"));
            output.WriteLine($"{(end.HasStalled ? $"Ended after epoch {end.Epochs}: none since epoch {end.BestEpoch} was better (TRAIN.PATIENCE). " : "")}Best {end.Best.Definition.Label} {end.Best.ToText()}, epoch {end.BestEpoch}: {best}");
            output.WriteLine($"Report: {PlainText.Of(Path.Combine(Folder, "report.html"))}");
            output.WriteLine($"Next: polaformer predict --checkpoint {best}{string.Concat(Plugins.Select(library => $" --plugin {PlainText.Of(library)}"))} {(_examples == "images" ? "IMAGE" : "FILE")}");
        }

        if (end.Test is { } test)
            output.WriteLine(FormattableString.Invariant($"test: {test.First.Definition.Label} {test.First.ToText()}, loss {test.Loss:F4} over {test.Count} rows"));
    }

    private static string Shared(SharedWork? shared) => shared is null ? "" : FormattableString.Invariant(
        $"; {shared.Workers} workers, messages {shared.CommunicationSeconds:F1} s, of which {shared.WaitedSeconds:F1} s waited for, slowest worker {shared.SlowestWorker} at {shared.Imbalance:F2} of the mean");

    private static string IfMeasured(double value, string text) => double.IsNaN(value) ? "" : text;

    private static string Duration(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes} min" : $"{time.Minutes} min {time.Seconds} s";
}
