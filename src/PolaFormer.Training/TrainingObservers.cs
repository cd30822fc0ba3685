using PolaFormer.Checkpoints;

namespace PolaFormer.Training;

/// <summary>
/// Several observers as one, called in their order. One that cannot write, as on a full disk, does not end the run: the others are
/// warned, once until it writes again.
/// </summary>
/// <param name="observers">The observers.</param>
public sealed class TrainingObservers(IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
{
    private readonly HashSet<ITrainingObserver> _failing = [];

    /// <inheritdoc/>
    public void RunStarted(RunDescription run) => Tell(observer => observer.RunStarted(run));

    /// <inheritdoc/>
    public void Warned(string message) => Tell(observer => observer.Warned(message));

    /// <inheritdoc/>
    public bool WantsStep(int step) => observers.Any(observer => observer.WantsStep(step));

    /// <inheritdoc/>
    public void StepDone(TrainingProgress progress) => Tell(observer => observer.StepDone(progress));

    /// <inheritdoc/>
    public void EpochDone(EpochResult result) => Tell(observer => observer.EpochDone(result));

    /// <inheritdoc/>
    public void RunEnded(RunEnd end) => Tell(observer => observer.RunEnded(end));

    private void Tell(Action<ITrainingObserver> news)
    {
        foreach (ITrainingObserver observer in observers)
        {
            try
            {
                news(observer);
                _failing.Remove(observer);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or CheckpointException or TrainingException)
            {
                if (_failing.Add(observer))
                    Warned($"The run's records could not be written: {error.Message}");
            }
        }
    }
}
