using System.Globalization;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Fills existing modules from checkpoints. Which network a checkpoint belongs to is found elsewhere, by its recognition.</summary>
public static class ModelLoader
{
    // A window of 7 tokens has constants of 20 KB a layer, one of 24 of 2.7 MB.
    private const long MaxAbsentBytes = 256 << 20;

    /// <summary>
    /// Overwrites a module's parameters and buffers; every name and shape must agree, wrappers' segments in the names apart
    /// (<see cref="LoadReport.PassedOver"/> says which need not). Constants that the module computes for itself stay its own.
    /// </summary>
    /// <exception cref="CheckpointException">They do not, and nothing has been overwritten; or a tensor is not finite or damaged, and the module is loaded in part.</exception>
    public static void LoadStrict(Module module, Checkpoint checkpoint)
    {
        LoadReport report = Compare(module, checkpoint, out NameMatch names);
        RequireExact(report, checkpoint);
        Copy(module, checkpoint, report, names);
    }

    /// <summary>Makes the network that a checkpoint is of and loads it.</summary>
    /// <param name="create">Makes the network.</param>
    /// <param name="checkpoint">Its weights.</param>
    /// <exception cref="CheckpointException">No such network can be built, or names or shapes do not agree.</exception>
    public static T Build<T>(Func<T> create, Checkpoint checkpoint)
        where T : Module => Build(create, checkpoint, RequireFit, LoadStrict);

    /// <summary>
    /// Makes the network that a checkpoint is of and loads it. Shapes are compared before memory is taken, so a description of unknown
    /// origin costs no more than the tensors in its file.
    /// </summary>
    /// <param name="create">Makes the network.</param>
    /// <param name="checkpoint">Its weights.</param>
    /// <param name="requireFit">Throws where names or shapes do not agree; it is given a network without values.</param>
    /// <param name="load">Fills the network.</param>
    /// <exception cref="CheckpointException">No such network can be built, or names or shapes do not agree.</exception>
    public static T Build<T>(Func<T> create, Checkpoint checkpoint, Action<T, Checkpoint> requireFit, Action<T, Checkpoint> load)
        where T : Module
    {
        try
        {
            using IDisposable meta = new MetaDevice().Use();
            requireFit(create(), checkpoint);
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw new CheckpointException(checkpoint.Name, $"no network can be built as it describes: {error.Message}", error);
        }

        T module = create();
        load(module, checkpoint);
        return module;
    }

    /// <summary>
    /// Checks that <see cref="LoadStrict"/> will find every name and shape, and that constants which the file lacks are of a size that
    /// networks have. Reads no values and needs none in the module: one on a <see cref="MetaDevice"/> is checked before memory is taken.
    /// </summary>
    /// <exception cref="CheckpointException">Names or shapes do not agree, or absent constants are too large.</exception>
    public static void RequireFit(Module module, Checkpoint checkpoint)
    {
        RequireExact(Compare(module, checkpoint, out NameMatch names), checkpoint);
        long absent = module.StateDict().Where(tensor => names.Find(tensor.Name) is not { } stored || checkpoint[stored].Shape != tensor.Tensor.Shape).Sum(tensor => tensor.Tensor.Count * tensor.Tensor.DType.Size());
        if (absent > MaxAbsentBytes)
            throw new CheckpointException(checkpoint.Name, $"constants of {absent} bytes are to be computed for it, more than any network has. Save the model with its buffers.");
    }

    /// <summary>Checks that no two names in a checkpoint stand for the same tensor once the segments of wrappers are dropped.</summary>
    /// <exception cref="CheckpointException">Two do: the checkpoint holds several networks.</exception>
    public static void RequireOneNetwork(Checkpoint checkpoint)
    {
        if (checkpoint.Ambiguity is { } ambiguity)
            throw SeveralNetworks(checkpoint, ambiguity);
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
                tensor.Write<float>(values => ReadFinite(checkpoint.Name, entry, values));
            else
                ReadCounter(entry, tensor);
        }
    }

    /// <summary>Reads what is learned, none of which may be infinite or NaN.</summary>
    internal static void ReadFinite(string file, CheckpointEntry entry, Span<float> destination)
    {
        entry.ReadFloat32(destination);
        if (ParameterNames.IsVariance(entry.Name) && destination.IndexOfAnyInRange(float.MinValue, -float.Epsilon) is var negative and >= 0)
            throw new CheckpointException(file, $"{entry.Name} {entry.Shape} is a variance, and element {negative} is {destination[negative].ToString(CultureInfo.InvariantCulture)}: the results are NaN. The file is damaged; take another checkpoint.");
        int at = FloatConversion.IndexOfNonFinite(destination);
        if (at >= 0)
            throw new CheckpointException(file, $"{entry.Name} {entry.Shape} is not finite: element {at} is {destination[at].ToString(CultureInfo.InvariantCulture)}, so the results are NaN. Training diverged before it was saved, or the file is damaged; take an earlier checkpoint.");
    }

    // Averaged and converted checkpoints hold counters as floats, of shape (1); NaN counts as 0.
    private static void ReadCounter(CheckpointEntry entry, Tensor counter)
    {
        if (entry.DType == counter.DType && entry.Shape == counter.Shape)
        {
            counter.WriteBytes(entry.ReadBytes);
            return;
        }

        float[] values = new float[counter.Count];
        if (entry.Shape.Count == values.Length)
            entry.ReadFloat32(values);
        counter.CopyFrom(Array.ConvertAll(values, value => value is >= 0 and < long.MaxValue ? (long)value : 0));
    }
}
