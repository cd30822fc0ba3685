using PolaFormer.Distributed;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training;

/// <summary>Holds workers to the same facts, whose differences would make their weights drift apart.</summary>
/// <param name="workers">The workers.</param>
internal sealed class WorkerAgreement(WorkerGroup workers)
{
    /// <summary>Compares program, recipe, data and network.</summary>
    /// <exception cref="WorkerException">On every worker: one has another than the first.</exception>
    public void RequireSameRun(TrainingTask task, string recipe)
    {
        if (workers.Size == 1)
            return;
        workers.RequireSame("version of this program", typeof(Trainer).Assembly.GetName().Version!.ToString());
        workers.RequireSame("recipe", recipe);
        workers.RequireSame("data", $"{task.BatchesPerEpoch} batches: {task.DataDescription}, classes {string.Join(", ", task.Classes)}");
        workers.RequireSame("network", $"{task.Name}, {task.Model.ParameterCount} parameters");
    }

    /// <summary>Compares what the run goes on from.</summary>
    /// <exception cref="WorkerException">On every worker: one has another than the first.</exception>
    public void RequireSameStart(TrainingState state, RunHistory history, string folder)
    {
        if (workers.Size > 1)
            workers.RequireSame($"saved state or first weights (a run's folder must be the same on all machines: {folder})", $"{history.CompleteAt} {TrainingCheckpoint.DigestOf(state)}");
    }

    /// <summary>Compares the weights that are measured.</summary>
    /// <exception cref="WorkerException">On every worker: one has another than the first.</exception>
    public void RequireSameWeights(TrainingState state)
    {
        if (workers.Size > 1)
            workers.RequireSame("weights", TrainingCheckpoint.DigestOf(state));
    }
}
