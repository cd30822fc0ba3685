namespace PolaFormer.Training;

/// <summary>Receives the events of a run, on the thread that trains. The default of every method ignores its event.</summary>
public interface ITrainingObserver
{
    /// <summary>The run is about to take its first step: network and data are there, saved state is loaded.</summary>
    void RunStarted(RunDescription run)
    {
    }

    /// <summary>Something needs the user's attention, but the run goes on: one line.</summary>
    void Warned(string message)
    {
    }

    /// <summary>Whether to call <see cref="StepDone"/> for a step. Its loss is then read from the device, which takes until the step is done.</summary>
    /// <param name="step">Steps of the epoch done with this one.</param>
    bool WantsStep(int step) => true;

    /// <summary>A step is done for which an observer of the run returned true from <see cref="WantsStep"/>.</summary>
    void StepDone(TrainingProgress progress)
    {
    }

    /// <summary>An epoch is done and evaluated; its state is about to be saved.</summary>
    void EpochDone(EpochResult result)
    {
    }

    /// <summary>The run has reached its end or was stopped, and its state is saved. Not called when it fails.</summary>
    void RunEnded(RunEnd end)
    {
    }
}
