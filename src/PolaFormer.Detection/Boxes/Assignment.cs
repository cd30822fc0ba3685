namespace PolaFormer.Detection.Boxes;

/// <summary>What anchors or proposals stand for.</summary>
/// <param name="Objects">For each box 0 for background, −1 for ignored, else the number of its object, from 1.</param>
/// <param name="Overlaps">Its largest overlap with an object; 0 without objects, −1 where an ignored region claims it.</param>
/// <param name="Labels">The class of its object, −1 without one.</param>
public sealed record Assignment(int[] Objects, float[] Overlaps, int[] Labels)
{
    /// <summary>The same with the objects themselves as first boxes.</summary>
    public Assignment WithObjects(IReadOnlyList<int> labels) => new(
        [.. Enumerable.Range(1, labels.Count), .. Objects],
        [.. Enumerable.Repeat(1f, labels.Count), .. Overlaps],
        [.. labels, .. Labels]);
}
