using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Checkpoints;

/// <summary>
/// Loads what fits, as mmcv's load_checkpoint with strict = False: entries of the same name and shape are copied, positions of
/// another grid interpolated, others left alone and reported. What starts a backbone from a classifier's weights.
/// </summary>
public static class LenientLoader
{
    /// <summary>Loads a checkpoint.</summary>
    /// <param name="module">What is filled.</param>
    /// <param name="checkpoint">Its section of weights has been chosen, and the prefix of a wrapper taken off.</param>
    /// <param name="prefix">Put before the module's names to find those of the checkpoint, such as <c>backbone.</c></param>
    /// <exception cref="CheckpointException">A value is not finite.</exception>
    public static PretrainedReport Load(Module module, Checkpoint checkpoint, string prefix = "")
    {
        var report = new PretrainedReport();
        var used = new HashSet<string>();
        foreach ((string name, Tensor target, StateTraits traits) in module.State())
        {
            if (checkpoint.Find(prefix + name) is not { } entry)
            {
                (traits.HasFlag(StateTraits.Optional) ? report.PassedOver : report.Missing).Add(name);
                continue;
            }

            used.Add(entry.Name);
            if (traits.HasFlag(StateTraits.Derived) || target.DType != DType.Float32 || !entry.DType.IsFloatingPoint())
            {
                report.PassedOver.Add(name);
                continue;
            }

            using var scope = MemoryScope.Enter();
            if (Fitting(checkpoint, entry, target.Shape, traits) is not { } values)
            {
                report.Mismatched.Add(name);
                continue;
            }

            target.CopyFrom(values);
            (entry.Shape == target.Shape ? report.Loaded : report.Interpolated).Add(name);
        }

        report.Unexpected.AddRange(checkpoint.Names.Where(name => !used.Contains(name)));
        return report;
    }

    /// <summary>Starts a network from a file.</summary>
    /// <param name="path">Its weights, or those of a classifier with its backbone.</param>
    /// <param name="name">Name of the network, for people.</param>
    /// <param name="target">The part of the network that the file is of.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or nothing of it fits.</exception>
    public static PretrainedReport Start(string path, string name, Func<Checkpoint, Module> target)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        PretrainedReport report = Load(target(checkpoint), checkpoint);
        return report.Loaded.Count > 0
            ? report
            : throw new CheckpointException(path, $"none of its entries fits {name}. Name a checkpoint of that network, or of a classifier with its backbone; 'inspect' tells which one it is.");
    }

    // The values in the wanted shape; null where they cannot be brought to it.
    private static Tensor? Fitting(Checkpoint checkpoint, CheckpointEntry entry, Shape wanted, StateTraits traits)
    {
        // Positions of a class token that the module has not.
        int dropped = traits.HasFlag(StateTraits.Positions) && entry.Shape.Rank == 3 && wanted.Rank == 3 ? Prefix(entry.Shape[1]) - Prefix(wanted[1]) : 0;
        bool isSame = entry.Shape == wanted;
        Shape cut = dropped > 0 ? entry.Shape.With(1, entry.Shape[1] - dropped) : entry.Shape;
        if (!isSame && !(traits.HasFlag(StateTraits.Positions) && (cut == wanted || PositionInterpolation.CanResize(cut, wanted))))
            return null;
        float[] read = new float[entry.Shape.Count];
        ModelLoader.ReadFinite(checkpoint.Name, entry, read);
        Tensor stored = Tensor.From(read, entry.Shape);
        if (isSame)
            return stored;
        if (dropped > 0)
            stored = stored.Slice(1, dropped, cut[1]);
        return cut == wanted ? stored : PositionInterpolation.Resize(stored, wanted);
    }

    // Positions before those of a square grid.
    private static int Prefix(int positions)
    {
        int side = (int)Math.Sqrt(positions);
        return positions - (side * side);
    }
}
