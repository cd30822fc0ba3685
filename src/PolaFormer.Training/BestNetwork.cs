using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// The network with the highest top-1 so far. It counts as saved only when it was: where a save fails, as on a full disk, its
/// weights are kept, and every later save of the run tries again.
/// </summary>
/// <param name="create">Makes a network to keep weights in.</param>
/// <param name="write">Writes a network with its top-1 and epoch.</param>
internal sealed class BestNetwork(Func<VisionModel> create, Action<Module, double, int> write)
{
    private (Module Model, double Top1, int Epoch)? _waiting;

    /// <summary>Top-1 of the network on the disk; −1 where there is none.</summary>
    public double Saved { get; set; } = -1;

    /// <summary>Highest top-1, saved or not.</summary>
    public double Top1 => _waiting?.Top1 ?? Saved;

    /// <summary>Saves the network, or keeps its weights for later.</summary>
    /// <exception cref="FileException">The file cannot be written.</exception>
    /// <exception cref="CheckpointException">The file would exceed its format.</exception>
    public void Save(Module model, double top1, int epoch)
    {
        try
        {
            write(model, top1, epoch);
        }
        catch (Exception error) when (error is FileException or CheckpointException)
        {
            if (model != _waiting?.Model)
                _waiting = (CopyOf(model), top1, epoch);
            throw;
        }

        (Saved, _waiting) = (top1, null);
    }

    /// <summary>Saves the network that waits, where one does.</summary>
    /// <exception cref="FileException">The file cannot be written; the network goes on waiting.</exception>
    /// <exception cref="CheckpointException">The file would exceed its format; the network goes on waiting.</exception>
    public void SaveWaiting()
    {
        if (_waiting is { } waiting)
            Save(waiting.Model, waiting.Top1, waiting.Epoch);
    }

    private Module CopyOf(Module model)
    {
        Module copy = _waiting?.Model ?? create();
        foreach ((Tensor target, Tensor value) in copy.StateDict().Zip(model.StateDict(), (target, value) => (target.Tensor, value.Tensor)))
            target.CopyFrom(value);
        return copy;
    }
}
