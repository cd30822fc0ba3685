namespace PolaFormer.Training;

/// <summary>Hears of a run's course, on the thread that trains.</summary>
public interface ITrainingObserver
{
    /// <summary>A run continues from saved state.</summary>
    /// <param name="path">The file.</param>
    /// <param name="epoch">Epoch to continue in, counted from 1.</param>
    /// <param name="step">Steps of it that are done.</param>
    void Resumed(string path, int epoch, int step);

    /// <summary>A step is done.</summary>
    void StepDone(TrainingProgress progress);

    /// <summary>An epoch is done, evaluated and saved.</summary>
    void EpochDone(EpochResult result);
}
