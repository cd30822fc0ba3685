using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection;

/// <summary>What is in an image of a batch, in its pixels.</summary>
/// <param name="Boxes">A box for each object.</param>
/// <param name="Labels">Its class.</param>
/// <param name="Masks">Its mask; null where a network has no masks.</param>
public sealed record ImageObjects(Box[] Boxes, int[] Labels, InstanceMasks? Masks = null)
{
    /// <summary>Regions of crowds.</summary>
    public Box[] Ignored { get; init; } = [];
}
