using PolaFormer.Checkpoints;
using PolaFormer.Training;

namespace PolaFormer.Conformance;

/// <summary>What a run tells, and after which steps its best network was written.</summary>
/// <param name="bestPath">File of the best network.</param>
internal sealed class ArenaCourse(string bestPath) : ITrainingObserver
{
    /// <summary>Evaluations.</summary>
    public List<EpochResult> Epochs { get; } = [];

    /// <summary>Steps done when a network was saved as the best one.</summary>
    public List<long> SavedAfter { get; } = [];

    /// <summary>The test at the end.</summary>
    public Evaluation? Test { get; private set; }

    public void RunStarted(RunDescription run)
    {
    }

    public void Warned(string message)
    {
    }

    public void StepDone(TrainingProgress progress)
    {
    }

    public void EpochDone(EpochResult result)
    {
        Epochs.Add(result);
        if (!File.Exists(bestPath))
            return;
        using Checkpoint best = Checkpoint.Open(bestPath);
        if (best.Metadata["epoch"] is string epoch && epoch == $"{result.Epoch}")
            SavedAfter.Add(result.GlobalStep);
    }

    public void RunEnded(RunEnd end) => Test = end.Test;
}
