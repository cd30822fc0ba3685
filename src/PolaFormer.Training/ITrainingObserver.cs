namespace PolaFormer.Training;

/// <summary>Hears of a run's course, on the thread that trains. What an observer does not care for, it leaves out.</summary>
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

    /// <summary>A step is done that an observer of the run wants.</summary>
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
