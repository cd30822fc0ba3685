using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Brings checkpoints into modules, and finds the architecture that a checkpoint belongs to.</summary>
public static class ModelLoader
{
    /// <summary>Overwrites a module's parameters and buffers; every name and shape must agree.</summary>
    /// <exception cref="CheckpointException">They do not; nothing has been overwritten then.</exception>
    public static void LoadStrict(Module module, Checkpoint checkpoint)
    {
        LoadReport report = Compare(module, checkpoint);
        RequireExact(report, checkpoint);
        Copy(module, checkpoint, report);
    }

    /// <summary>
    /// Makes the network that a checkpoint describes and loads it. Shapes are compared before memory is taken, so a description
    /// of unknown origin costs no more than the tensors in its file.
    /// </summary>
    /// <exception cref="CheckpointException">The description names no network, or names or shapes do not agree.</exception>
    public static VisionModel Load(ModelEntry entry, ModelOptions options, Checkpoint checkpoint)
    {
        try
        {
            using IDisposable meta = new MetaDevice().Use();
            RequireExact(Compare(entry.Create(options), checkpoint), checkpoint);
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw new CheckpointException(checkpoint.Name, $"no network can be built as it describes: {error.Message}");
        }

        VisionModel model = entry.Create(options);
        LoadStrict(model, checkpoint);
        return model;
    }

    /// <summary>Overwrites what agrees in name and shape and leaves the rest as it is.</summary>
    public static LoadReport LoadPartial(Module module, Checkpoint checkpoint)
    {
        LoadReport report = Compare(module, checkpoint);
        Copy(module, checkpoint, report);
        return report;
    }

    /// <summary>Compares names and shapes without reading values.</summary>
    public static LoadReport Compare(Module module, Checkpoint checkpoint)
    {
        List<string> loaded = [], missing = [], mismatched = [];
        HashSet<string> known = [];
        foreach ((string name, Tensor tensor) in module.StateDict())
        {
            known.Add(name);
            if (!checkpoint.TryGetValue(name, out CheckpointEntry? entry))
                missing.Add(name);
            else if (entry.Shape != tensor.Shape)
                mismatched.Add($"{name} {entry.Shape} for {tensor.Shape}");
            else
                loaded.Add(name);
        }

        return new LoadReport(loaded, missing, [.. checkpoint.Entries.Select(entry => entry.Name).Where(name => !known.Contains(name))], mismatched);
    }

    /// <summary>
    /// The family and shape that the checkpoint describes, or the registered architecture whose state dict has its names and
    /// shapes, with the image size and number of classes that they imply; null where none fits. Names and shapes alone do not tell
    /// attentions without parameters from one another.
    /// </summary>
    public static (ModelEntry Entry, ModelOptions Options)? Recognize(Checkpoint checkpoint)
    {
        if (Described(checkpoint) is { } described)
            return described;
        if (!checkpoint.TryGetValue("head.weight", out CheckpointEntry? head) || head.Shape.Rank < 2)
            return null;
        foreach (ModelEntry entry in ModelRegistry.All)
        {
            var options = new ModelOptions { NumClasses = head.Shape[0], ImageSize = ImageSizeOf(entry, checkpoint) };
            if (Fits(entry, options, checkpoint))
                return (entry, options);
        }

        return null;
    }

    private static (ModelEntry Entry, ModelOptions Options)? Described(Checkpoint checkpoint)
    {
        if (ModelDescription.From(checkpoint) is not { Config: { } config } description)
            return null;
        try
        {
            ModelEntry entry = ModelConfiguration.Read(description.Model, config);
            var options = new ModelOptions { NumClasses = entry.NumClasses, ImageSize = entry.ImageSize };
            return Fits(entry, options, checkpoint) ? (entry, options) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // The position embeddings of PVT's first stage and of DeiT hold one row a patch; other families keep their size.
    private static int ImageSizeOf(ModelEntry entry, Checkpoint checkpoint)
    {
        return entry.Config switch
        {
            PolaPvtConfig pvt => SizeOf("pos_embed1", 0, pvt.PatchSize),
            DeiTConfig deit => SizeOf("pos_embed", deit.ClassToken ? 1 : 0, deit.PatchSize),
            _ => entry.ImageSize,
        };

        int SizeOf(string name, int prefix, int patchSize) =>
            checkpoint.TryGetValue(name, out CheckpointEntry? positions) && positions.Shape.Rank == 3 && positions.Shape[1] > prefix
                ? patchSize * (int)Math.Sqrt(positions.Shape[1] - prefix)
                : entry.ImageSize;
    }

    private static bool Fits(ModelEntry entry, ModelOptions options, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        try
        {
            return Compare(entry.Create(options), checkpoint).IsExact;
        }
        catch (ArgumentException)
        {
            // No such network can be built at the size that the checkpoint's positions imply.
            return false;
        }
    }

    private static void RequireExact(LoadReport report, Checkpoint checkpoint)
    {
        if (!report.IsExact)
            throw new CheckpointException(checkpoint.Name, $"it does not fit the model: {report}. Name the right model, or ask for a partial load.");
    }

    private static void Copy(Module module, Checkpoint checkpoint, LoadReport report)
    {
        HashSet<string> wanted = [.. report.Loaded];
        foreach ((string name, Tensor tensor) in module.StateDict())
        {
            if (!wanted.Contains(name))
                continue;
            CheckpointEntry entry = checkpoint[name];
            if (tensor.DType == DType.Float32)
                entry.ReadFloat32(tensor.AsSpan<float>());
            else if (tensor.DType == entry.DType)
                entry.ReadBytes(tensor.AsBytes());
            else
                throw new CheckpointException(checkpoint.Name, $"{name} holds {entry.DType} where the model has {tensor.DType}.");
        }
    }
}
