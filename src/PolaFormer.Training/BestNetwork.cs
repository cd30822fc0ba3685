using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// The network with the best first metric so far. It counts as saved only when it was: where a save fails, as on a full disk, its
/// weights are kept, and every later save of the run tries again.
/// </summary>
/// <param name="task">Says what is better, and makes a network to keep weights in.</param>
/// <param name="write">Writes a network with its value and epoch.</param>
internal sealed class BestNetwork(TrainingTask task, Action<Module, double, int> write)
{
    private (Module Model, double Value, int Epoch)? _waiting;

    /// <summary>Value of the network on the disk, or one that counts without it; −1 where there is none.</summary>
    public double Saved { get; set; } = MetricDefinition.NotMeasured;

    /// <summary>Epoch of the network on the disk; 0 where there is none.</summary>
    public int SavedEpoch { get; set; }

    /// <summary>Best value, saved or not; −1 where there is none.</summary>
    public double Value => _waiting?.Value ?? Saved;

    /// <summary>Epoch of the best network, saved or not; 0 where there is none.</summary>
    public int Epoch => _waiting?.Epoch ?? SavedEpoch;

    /// <summary>Whether an evaluation is better than the best before it.</summary>
    public bool IsBeatenBy(Evaluation evaluation) => task.Metrics[0].IsBetter(evaluation.First.Value, Value);

    /// <summary>Saves the network, or keeps its weights for later.</summary>
    /// <exception cref="FileException">The file cannot be written.</exception>
    /// <exception cref="CheckpointException">The file would exceed its format.</exception>
    public void Save(Module model, double value, int epoch)
    {
        try
        {
            write(model, value, epoch);
        }
        catch (Exception error) when (error is FileException or CheckpointException)
        {
            if (model != _waiting?.Model)
                _waiting = (CopyOf(model), value, epoch);
            throw;
        }

        (Saved, SavedEpoch, _waiting) = (value, epoch, null);
    }

    /// <summary>Counts a value that others must beat, without saving its network.</summary>
    public void Pass(double value) => (Saved, _waiting) = (value, null);

    /// <summary>Saves the network that waits, where one does.</summary>
    /// <exception cref="FileException">The file cannot be written; the network goes on waiting.</exception>
    /// <exception cref="CheckpointException">The file would exceed its format; the network goes on waiting.</exception>
    public void SaveWaiting()
    {
        if (_waiting is { } waiting)
            Save(waiting.Model, waiting.Value, waiting.Epoch);
    }

    private Module CopyOf(Module model)
    {
        Module copy = _waiting?.Model ?? task.CreateModel();
        foreach ((Tensor target, Tensor value) in copy.StateDict().Zip(model.StateDict(), (target, value) => (target.Tensor, value.Tensor)))
            target.CopyFrom(value);
        return copy;
    }
}
