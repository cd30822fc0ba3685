namespace PolaFormer.Training.Tests;

/// <summary>Hears of a run and remembers it.</summary>
internal sealed class Course : ITrainingObserver
{
    public List<EpochResult> Epochs { get; } = [];

    public (int Epochs, int Steps)? StartedAt { get; private set; }

    public List<string> Warnings { get; } = [];

    public List<RunEnd> Ends { get; } = [];

    public Action<TrainingProgress>? OnStep { get; init; }

    public Action<EpochResult>? OnEpoch { get; init; }

    public Action<string>? OnWarning { get; init; }

    public void Warned(string message)
    {
        Warnings.Add(message);
        OnWarning?.Invoke(message);
    }

    public void RunStarted(RunDescription run) => StartedAt = (run.EpochsDone, run.StepsDone);

    public void StepDone(TrainingProgress progress) => OnStep?.Invoke(progress);

    public void EpochDone(EpochResult result)
    {
        Epochs.Add(result);
        OnEpoch?.Invoke(result);
    }

    public void RunEnded(RunEnd end) => Ends.Add(end);
}
