using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection;

/// <summary>What a detector found in an image, in pixels of the photograph, by falling score.</summary>
/// <param name="Boxes">A box for each object.</param>
/// <param name="Scores">Its score.</param>
/// <param name="Labels">Its class.</param>
/// <param name="Masks">Its mask; null where the network has none.</param>
public sealed record ImageDetections(Box[] Boxes, float[] Scores, int[] Labels, RunLengthMask[]? Masks = null)
{
    /// <summary>Nothing.</summary>
    public static ImageDetections None => new([], [], []);

    /// <summary>How many.</summary>
    public int Count => Boxes.Length;

    /// <summary>The same, class after class.</summary>
    public ImageDetections ByClass() => Chosen([.. Enumerable.Range(0, Count).OrderBy(i => Labels[i])]);

    /// <summary>Those from a score on.</summary>
    public ImageDetections From(float score) => Chosen([.. Enumerable.Range(0, Count).Where(i => Scores[i] >= score)]);

    private ImageDetections Chosen(int[] numbers) => new(
        [.. numbers.Select(i => Boxes[i])], [.. numbers.Select(i => Scores[i])], [.. numbers.Select(i => Labels[i])], Masks is null ? null : [.. numbers.Select(i => Masks[i])]);
}
