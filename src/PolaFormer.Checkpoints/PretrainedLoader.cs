using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Checkpoints;

/// <summary>
/// Starts a model from weights trained for another resolution or other classes, as the authors' <c>load_pretrained</c>
/// (utils.py): positions are interpolated, constants stay the model's own, a classifier of another width is set to 0,
/// everything else is copied. Entries that only one side has are left alone and reported.
/// </summary>
public static class PretrainedLoader
{
    /// <summary>Loads a checkpoint.</summary>
    /// <exception cref="CheckpointException">An entry has a shape that cannot be brought to the model's, is not finite, or is there twice.</exception>
    public static PretrainedReport Load(Module model, Checkpoint checkpoint)
    {
        var names = new NameMatch([.. model.StateDict().Select(entry => entry.Name)], checkpoint.Names, checkpoint.UnwrappedNames);
        if (names.Ambiguous.Count > 0)
            throw ModelLoader.SeveralNetworks(checkpoint, names.Ambiguous[0]);
        return Load(model, names, name => checkpoint[name].Shape, name => Read(checkpoint.Name, checkpoint[name]), checkpoint.Name);
    }

    /// <summary>Loads the state of another model.</summary>
    /// <inheritdoc cref="Load(Module, Checkpoint)"/>
    public static PretrainedReport Load(Module model, Module source)
    {
        Dictionary<string, Tensor> state = source.StateDict().ToDictionary();
        var names = new NameMatch([.. model.StateDict().Select(entry => entry.Name)], state.Keys, new Dictionary<string, string>());
        return Load(model, names, name => state[name].Shape, name => state[name], "the source model");
    }

    private static PretrainedReport Load(Module model, NameMatch names, Func<string, Shape> shapeOf, Func<string, Tensor> read, string source)
    {
        var report = new PretrainedReport();
        foreach ((string name, Tensor target, StateTraits traits) in model.State())
        {
            if (traits.HasFlag(StateTraits.Derived))
                continue;
            if (names.Find(name) is not { } stored)
            {
                (traits.HasFlag(StateTraits.Optional) ? report.PassedOver : report.Missing).Add(name);
                continue;
            }

            using var scope = MemoryScope.Enter();
            Shape shape = shapeOf(stored);
            if (target.DType != DType.Float32)
            {
                bool same = shape == target.Shape && Copied(read(stored), target);
                (same ? report.Loaded : report.PassedOver).Add(name);
            }
            else if (shape == target.Shape)
            {
                target.CopyFrom(read(stored));
                report.Loaded.Add(name);
            }
            else if (traits.HasFlag(StateTraits.Positions) && PositionInterpolation.CanResize(shape, target.Shape))
            {
                target.CopyFrom(PositionInterpolation.Resize(read(stored), target.Shape));
                report.Interpolated.Add(name);
            }
            else if (name is "head.weight" or "head.bias" or "head_dist.weight" or "head_dist.bias")
            {
                target.Write<float>(values => values.Clear());
                report.Reset.Add(name);
            }
            else
            {
                throw new CheckpointException(source, $"{stored} has shape {shape} where the model has {target.Shape}, and is no map of positions that could be resized. The checkpoint belongs to another architecture.");
            }
        }

        foreach (string name in names.Unmatched)
            (ParameterNames.IsByproduct(name, shapeOf(name).Count) ? report.PassedOver : report.Unexpected).Add(name);
        return report;
    }

    private static bool Copied(Tensor source, Tensor target)
    {
        if (source.DType != target.DType)
            return false;
        target.CopyFrom(source);
        return true;
    }

    private static Tensor Read(string file, CheckpointEntry entry)
    {
        Tensor tensor = Tensor.Empty(entry.Shape, entry.DType.IsFloatingPoint() ? DType.Float32 : entry.DType, Device.Cpu);
        if (tensor.DType == DType.Float32)
            ModelLoader.ReadFinite(file, entry, tensor.AsSpan<float>());
        else
            tensor.WriteBytes(entry.ReadBytes);
        return tensor;
    }
}
