using System.Security.Cryptography;
using System.Text;
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
        Require("version of this program", typeof(Trainer).Assembly.GetName().Version!.ToString());
        Require("recipe", recipe);
        Require("data", $"{task.BatchesPerEpoch} batches: {task.DataDescription}, classes {string.Join(", ", task.Classes)}");
        Require("network", $"{task.Name}, {task.Model.ParameterCount} parameters");
    }

    /// <summary>Compares what the run goes on from.</summary>
    /// <exception cref="WorkerException">On every worker: one has another than the first.</exception>
    public void RequireSameStart(TrainingState state, RunHistory history, string folder)
    {
        if (workers.Size > 1)
            Require($"saved state or first weights (a run's folder must be the same on all machines: {folder})", $"{history.CompleteAt} {TrainingCheckpoint.DigestOf(state)}");
    }

    private void Require(string fact, string value)
    {
        string[] all = workers.GatherAll(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value))));
        int other = Array.FindIndex(all, digest => digest != all[0]);
        string[] machines = workers.GatherAll(Environment.MachineName);
        if (other > 0)
            throw new WorkerException($"Worker {other} on {machines[other]} has another {fact} than worker 0 on {machines[0]}. Give all workers the same.");
    }
}
