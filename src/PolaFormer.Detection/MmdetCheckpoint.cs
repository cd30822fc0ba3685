using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>Fills detectors from checkpoints, ours or mmdetection's.</summary>
public static class MmdetCheckpoint
{
    /// <summary>Overwrites a detector's parameters and statistics; every name and shape must agree, under our names or mmdetection's.</summary>
    /// <exception cref="CheckpointException">They do not, or a value is not finite.</exception>
    public static void Load(Detector detector, Checkpoint checkpoint)
    {
        if (detector.Backbone.Backbone is not (SwinBackbone or PvtBackbone) || ModelLoader.Compare(detector, checkpoint).IsExact)
        {
            ModelLoader.LoadStrict(detector, checkpoint);
            return;
        }

        IReadOnlyList<MmdetEntry> state = MmdetState.Of(detector);
        foreach (MmdetEntry entry in state.Where(IsRead))
        {
            if (checkpoint.Find(entry.Name) is not { } stored)
                throw new CheckpointException(checkpoint.Name, $"it does not fit the detector: {entry.Name} is missing. Name the right detector.");
            if (stored.Shape != entry.Shape)
                throw new CheckpointException(checkpoint.Name, $"it does not fit the detector: {entry.Name} has the shape {stored.Shape} instead of {entry.Shape}. Name the right detector.");
        }

        foreach (MmdetEntry entry in state.Where(IsRead))
        {
            float[] values = new float[entry.Shape.Count];
            checkpoint.Find(entry.Name)!.ReadFloat32(values);
            if (values.Any(value => !float.IsFinite(value)))
                throw new CheckpointException(checkpoint.Name, $"{entry.Name} holds values that are not finite. Take another checkpoint.");
            entry.Write(values);
        }
    }

    /// <summary>Checks that <see cref="Load"/> will find every name and shape; the detector may be on a <see cref="MetaDevice"/>.</summary>
    /// <exception cref="CheckpointException">Names or shapes do not agree.</exception>
    public static void RequireFit(Detector detector, Checkpoint checkpoint)
    {
        if (!Fits(detector, checkpoint))
            ModelLoader.RequireFit(detector, checkpoint);
    }

    /// <summary>Whether a checkpoint has the names and shapes of a detector, whose values are not read.</summary>
    public static bool Fits(Detector detector, Checkpoint checkpoint) =>
        ModelLoader.Compare(detector, checkpoint).IsExact
        || (detector.Backbone.Backbone is SwinBackbone or PvtBackbone && MmdetState.Of(detector).Where(IsRead).All(entry => checkpoint.Find(entry.Name) is { } stored && stored.Shape == entry.Shape));

    private static bool IsRead(MmdetEntry entry) => entry.Tensors[0] is Parameter || entry.Tensors[0].DType == DType.Float32;
}
