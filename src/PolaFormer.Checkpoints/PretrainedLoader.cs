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
    private static readonly string[] s_constants = ["relative_position_index", "relative_coords_table", "attn_mask"];

    /// <summary>Loads a checkpoint.</summary>
    /// <exception cref="CheckpointException">An entry has a shape that cannot be brought to the model's.</exception>
    public static PretrainedReport Load(Module model, Checkpoint checkpoint) =>
        Load(model, checkpoint.Entries.Select(entry => (entry.Name, entry.Shape)), name => Read(checkpoint[name]), checkpoint.Name);

    /// <summary>Loads the state of another model.</summary>
    /// <inheritdoc cref="Load(Module, Checkpoint)"/>
    public static PretrainedReport Load(Module model, Module source)
    {
        Dictionary<string, Tensor> state = source.StateDict().ToDictionary();
        return Load(model, state.Select(entry => (entry.Key, entry.Value.Shape)), name => state[name], "the source model");
    }

    private static PretrainedReport Load(Module model, IEnumerable<(string Name, Shape Shape)> entries, Func<string, Tensor> read, string source)
    {
        var report = new PretrainedReport();
        Dictionary<string, Tensor> state = model.StateDict().Where(entry => !IsConstant(entry.Name)).ToDictionary();
        foreach ((string name, Shape shape) in entries)
        {
            if (IsConstant(name))
                continue;
            if (!state.Remove(name, out Tensor? target))
            {
                report.Unexpected.Add(name);
                continue;
            }

            using var scope = MemoryScope.Enter();
            if (shape == target.Shape)
            {
                Copy(read(name), target);
                report.Loaded.Add(name);
            }
            else if (PositionInterpolation.CanResize(name, shape, target.Shape))
            {
                target.CopyFrom(PositionInterpolation.Resize(read(name), target.Shape));
                report.Interpolated.Add(name);
            }
            else if (name is "head.weight" or "head.bias")
            {
                target.AsSpan<float>().Clear();
                report.Reset.Add(name);
            }
            else
            {
                throw new CheckpointException(source, $"{name} has shape {shape} where the model has {target.Shape}, and is no map of positions that could be resized. The checkpoint belongs to another architecture.");
            }
        }

        report.Missing.AddRange(state.Keys);
        return report;
    }

    private static void Copy(Tensor source, Tensor target)
    {
        if (source.DType == target.DType)
            source.AsBytes().CopyTo(target.AsBytes());
        else
            target.CopyFrom(source);
    }

    private static Tensor Read(CheckpointEntry entry)
    {
        Tensor tensor = Tensor.Empty(entry.Shape, entry.DType.IsFloatingPoint() ? DType.Float32 : entry.DType);
        if (tensor.DType == DType.Float32)
            entry.ReadFloat32(tensor.AsSpan<float>());
        else
            entry.ReadBytes(tensor.AsBytes());
        return tensor;
    }

    private static bool IsConstant(string name) => s_constants.Any(constant => name.Contains(constant, StringComparison.Ordinal));
}
