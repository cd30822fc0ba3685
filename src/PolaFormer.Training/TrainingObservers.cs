namespace PolaFormer.Training;

/// <summary>Several observers as one; each hears in turn.</summary>
internal sealed class TrainingObservers(IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
{
    public void RunStarted(RunDescription run) => Tell(observer => observer.RunStarted(run));

    public void StepDone(TrainingProgress progress) => Tell(observer => observer.StepDone(progress));

    public void EpochDone(EpochResult result) => Tell(observer => observer.EpochDone(result));

    public void RunEnded(RunEnd end) => Tell(observer => observer.RunEnded(end));

    private void Tell(Action<ITrainingObserver> news)
    {
        foreach (ITrainingObserver observer in observers)
            news(observer);
    }
}
