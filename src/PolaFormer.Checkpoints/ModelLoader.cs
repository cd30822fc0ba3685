using System.Globalization;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Brings checkpoints into modules, and finds the architecture that a checkpoint belongs to.</summary>
public static class ModelLoader
{
    // A window of 7 tokens has constants of 20 KB a layer, one of 24 of 2.7 MB.
    private const long MaxAbsentBytes = 256 << 20;
    private const int MaxSurplus = 8;

    /// <summary>
    /// Overwrites a module's parameters and buffers; every name and shape must agree, wrappers' segments in the names apart
    /// (<see cref="LoadReport.PassedOver"/> tells what need not). Constants that the module computes for itself stay its own.
    /// </summary>
    /// <exception cref="CheckpointException">They do not, and nothing has been overwritten; or a tensor is not finite or damaged, and the module is loaded in part.</exception>
    public static void LoadStrict(Module module, Checkpoint checkpoint)
    {
        LoadReport report = Compare(module, checkpoint, out NameMatch names);
        RequireExact(report, checkpoint);
        Copy(module, checkpoint, report, names);
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
            VisionModel shapes = entry.Create(options);
            RequireExact(Compare(shapes, checkpoint, out NameMatch names), checkpoint);
            long absent = shapes.StateDict().Where(tensor => names.Find(tensor.Name) is not { } stored || checkpoint[stored].Shape != tensor.Tensor.Shape).Sum(tensor => tensor.Tensor.Count * tensor.Tensor.DType.Size());
            if (absent > MaxAbsentBytes)
                throw new CheckpointException(checkpoint.Name, $"constants of {absent} bytes are to be computed for it, more than any network has. Save the model with its buffers.");
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
        LoadReport report = Compare(module, checkpoint, out NameMatch names);
        Copy(module, checkpoint, report, names);
        return report;
    }

    /// <summary>Compares names and shapes without reading values.</summary>
    public static LoadReport Compare(Module module, Checkpoint checkpoint) => Compare(module, checkpoint, out _);

    private static LoadReport Compare(Module module, Checkpoint checkpoint, out NameMatch names)
    {
        StateEntry[] state = [.. module.State()];
        names = new NameMatch([.. state.Select(entry => entry.Name)], checkpoint.Names, checkpoint.UnwrappedNames);
        List<string> loaded = [], missing = [], mismatched = [], passedOver = [];
        foreach ((string name, Tensor tensor, StateTraits traits) in state)
        {
            if (names.Find(name) is not { } stored)
            {
                if (traits.HasFlag(StateTraits.Optional))
                    passedOver.Add($"{name} (absent)");
                else
                    missing.Add(checkpoint.UnreadEntries.TryGetValue(name, out string? unread) ? $"{name} ({unread} in the file)" : name);
                continue;
            }

            CheckpointEntry entry = checkpoint[stored];
            if (entry.Shape == tensor.Shape && (entry.DType == tensor.DType || tensor.DType == DType.Float32))
                loaded.Add(name);
            else if (traits.HasFlag(StateTraits.Derived) || (traits.HasFlag(StateTraits.Optional) && tensor.DType != DType.Float32))
                passedOver.Add($"{name} ({entry.DType} {entry.Shape} for {tensor.DType} {tensor.Shape})");
            else
                mismatched.Add($"{name} {entry.Shape} for {tensor.Shape}");
        }

        ILookup<bool, string> unmatched = names.Unmatched.ToLookup(name => ParameterNames.IsByproduct(name, checkpoint[name].Shape.Count));
        passedOver.AddRange(unmatched[true].Select(name => $"{name} (of no layer)"));
        return new LoadReport(loaded, missing, [.. unmatched[false]], mismatched, names.Ambiguous, passedOver);
    }

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
        if (checkpoint.Ambiguity is { } ambiguity)
            throw SeveralNetworks(checkpoint, ambiguity);
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

    private static bool Fits(ModelEntry entry, ModelOptions options, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        try
        {
            VisionModel model = entry.Create(options);
            // Profilers add two counters a module. What has far more tensors is not worth the comparison of names.
            return checkpoint.Entries.Count <= MaxSurplus * model.StateDict().Count() && Compare(model, checkpoint).IsExact;
        }
        catch (ArgumentException)
        {
            // No such network can be built at the size that the checkpoint's positions imply.
            return false;
        }
    }

    internal static CheckpointException SeveralNetworks(Checkpoint checkpoint, string pair) =>
        new(checkpoint.Name, $"it holds several networks ({pair}). Save the one that is wanted by itself.");

    private static void RequireExact(LoadReport report, Checkpoint checkpoint)
    {
        if (report.Ambiguous.Count > 0)
            throw SeveralNetworks(checkpoint, report.Ambiguous[0]);
        if (!report.IsExact)
            throw new CheckpointException(checkpoint.Name, $"it does not fit the model: {report}. Name the right model, or ask for a partial load.");
    }

    private static void Copy(Module module, Checkpoint checkpoint, LoadReport report, NameMatch names)
    {
        HashSet<string> unfit = [.. report.Mismatched.Select(text => text[..text.IndexOf(' ')])];
        foreach ((string name, Tensor tensor, StateTraits traits) in module.State())
        {
            if (unfit.Contains(name) || traits.HasFlag(StateTraits.Derived) || names.Find(name) is not { } stored)
                continue;
            CheckpointEntry entry = checkpoint[stored];
            if (tensor.DType == DType.Float32)
                ReadFinite(checkpoint.Name, entry, tensor.AsSpan<float>());
            else
                ReadCounter(entry, tensor);
        }
    }

    /// <summary>Reads what is learned, none of which may be infinite or no number.</summary>
    internal static void ReadFinite(string file, CheckpointEntry entry, Span<float> destination)
    {
        entry.ReadFloat32(destination);
        if (ParameterNames.IsVariance(entry.Name) && destination.IndexOfAnyInRange(float.MinValue, -float.Epsilon) is var negative and >= 0)
            throw new CheckpointException(file, $"{entry.Name} {entry.Shape} is a variance, and element {negative} is {destination[negative].ToString(CultureInfo.InvariantCulture)}: the network gives no numbers. The file is damaged; take another checkpoint.");
        int at = FloatConversion.IndexOfNonFinite(destination);
        if (at >= 0)
            throw new CheckpointException(file, $"{entry.Name} {entry.Shape} is not finite: element {at} is {destination[at].ToString(CultureInfo.InvariantCulture)}, so the network gives no numbers. Training diverged before it was saved, or the file is damaged; take an earlier checkpoint.");
    }

    // Averaged and converted checkpoints hold counters as floats, of shape (1); one that is no number counts as 0.
    private static void ReadCounter(CheckpointEntry entry, Tensor counter)
    {
        if (entry.DType == counter.DType && entry.Shape == counter.Shape)
        {
            entry.ReadBytes(counter.AsBytes());
            return;
        }

        var values = new float[counter.Count];
        if (entry.Shape.Count == values.Length)
            entry.ReadFloat32(values);
        for (int i = 0; i < values.Length; i++)
            counter.AsSpan<long>()[i] = values[i] is >= 0 and < long.MaxValue ? (long)values[i] : 0;
    }
}
