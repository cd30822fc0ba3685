using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary>Prints a run's course: one line that moves on a terminal, a line every few steps elsewhere, and a line an epoch.</summary>
/// <param name="every">Steps between lines where there is no terminal.</param>
internal sealed class TrainingDisplay(int every) : ITrainingObserver
{
    private readonly bool _isTerminal = !Console.IsOutputRedirected;

    public void RunStarted(RunDescription run)
    {
        if (run.ResumedFrom is { } path)
            Console.WriteLine($"Continuing from {path}: epoch {run.EpochsDone + 1}, step {run.StepsDone}");
    }

    public void StepDone(TrainingProgress progress)
    {
        if (!_isTerminal && progress.Step % every != 0)
            return;
        string line = FormattableString.Invariant(
            $"epoch {progress.Epoch}/{progress.Epochs}  step {progress.Step}/{progress.StepsPerEpoch}  loss {progress.Loss:F4}  lr {progress.LearningRate:E2}  {progress.ImagesPerSecond:F0} images/s  {Duration(progress.Left)} left");
        if (_isTerminal)
            Console.Write($"\r{line}\e[K");
        else
            Console.WriteLine(line);
    }

    public void EpochDone(EpochResult result)
    {
        if (_isTerminal)
            Console.Write("\r\e[K");
        string line = FormattableString.Invariant(
            $"epoch {result.Epoch}: loss {result.TrainLoss:F4}, train top-1 {result.TrainTop1:P2}; evaluation top-1 {result.Evaluation.Top1:P2}, top-5 {result.Evaluation.Top5:P2}, loss {result.Evaluation.Loss:F4}; {result.ImagesPerSecond:F0} images/s");
        Console.WriteLine($"{line}{(result.IsBest ? " (best)" : "")}");
    }

    private static string Duration(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes} min" : $"{time.Minutes} min {time.Seconds} s";
}
