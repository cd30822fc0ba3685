using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Boxes;

/// <summary>Overlaps of boxes in the processor's memory.</summary>
public static class Overlaps
{
    /// <summary>The overlap of every box with every other, a row for each of the first.</summary>
    public static float[] Of(ReadOnlySpan<Box> boxes, ReadOnlySpan<Box> others, OverlapMode mode = OverlapMode.IntersectionOverUnion)
    {
        using var scope = MemoryScope.Enter();
        return Box.ToTensor(boxes, Device.Cpu).BoxOverlaps(Box.ToTensor(others, Device.Cpu), mode).ToArray();
    }
}
