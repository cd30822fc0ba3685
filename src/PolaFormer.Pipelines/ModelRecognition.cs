using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Pipelines;

/// <summary>Finds the network that a checkpoint is of, and makes it.</summary>
public static class ModelRecognition
{
    private const int MaxSurplus = 8;

    /// <summary>
    /// The family and shape that the checkpoint describes, or the registered architecture whose state dict has its names and
    /// shapes, with the image size and number of classes that they imply; null where none fits. Names and shapes alone do not tell
    /// attentions without parameters from one another.
    /// </summary>
    /// <exception cref="CheckpointException">The checkpoint holds several networks under names of wrappers.</exception>
    public static (ModelEntry Entry, ModelOptions Options)? Recognize(Checkpoint checkpoint)
    {
        if (Described(checkpoint) is { } described)
            return described;
        ModelLoader.RequireOneNetwork(checkpoint);
        if (checkpoint.Find("head.weight") is not { Shape.Rank: >= 2 } head)
            return null;
        foreach (ModelEntry entry in ModelRegistry.All)
        {
            var options = new ModelOptions { NumClasses = head.Shape[0], ImageSize = ModelRegistry.FamilyOf(entry.Config).ImageSizeOf(entry.Config, name => checkpoint.Find(name)?.Shape) };
            if (Fits(entry, options, checkpoint))
                return (entry, options);
        }

        return null;
    }

    /// <summary>Makes the network that a checkpoint describes and loads it, as <see cref="ModelLoader.Build{T}(Func{T}, Checkpoint)"/> does.</summary>
    /// <exception cref="CheckpointException">The description names no network, or names or shapes do not agree.</exception>
    public static VisionModel Load(ModelEntry entry, ModelOptions options, Checkpoint checkpoint) => ModelLoader.Build(() => entry.Create(options), checkpoint);

    private static (ModelEntry Entry, ModelOptions Options)? Described(Checkpoint checkpoint)
    {
        if (ModelDescription.From(checkpoint) is not { Config: { } config } description)
            return null;
        try
        {
            ModelEntry entry = ModelConfigJson.Read(description.Model, config);
            var options = new ModelOptions { NumClasses = entry.NumClasses, ImageSize = entry.ImageSize };
            return Fits(entry, options, checkpoint) ? (entry, options) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool Fits(ModelEntry entry, ModelOptions options, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        try
        {
            VisionModel model = entry.Create(options);
            // Profilers add two counters a module. What has far more tensors is not worth the comparison of names.
            return checkpoint.Entries.Count <= MaxSurplus * model.StateDict().Count() && ModelLoader.Compare(model, checkpoint).IsExact;
        }
        catch (ArgumentException)
        {
            // No such network can be built at the size that the checkpoint's positions imply.
            return false;
        }
    }
}
