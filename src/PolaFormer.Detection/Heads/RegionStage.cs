using PolaFormer.Detection.Boxes;
using PolaFormer.Tensors;

namespace PolaFormer.Detection.Heads;

/// <summary>What a stage of a region head was trained with in a step.</summary>
/// <param name="Samples">The sampled boxes of each image.</param>
/// <param name="Labels">The class of each region, positive ones before negative ones in each image; the number of classes for background.</param>
/// <param name="Targets">Boxes or deltas of the positive regions.</param>
/// <param name="Scores">Logits, (n, classes + 1).</param>
/// <param name="Deltas">(n, 4·classes).</param>
/// <param name="MaskTargets">(positive, size, size); null without masks.</param>
/// <param name="MaskLogits">(positive, size, size, classes); null without masks or positive regions.</param>
public sealed record RegionStage(
    IReadOnlyList<SampledBoxes> Samples, int[] Labels, Box[] Targets, Tensor Scores, Tensor Deltas, float[]? MaskTargets, Tensor? MaskLogits)
{
    /// <summary>The regions with the number of their image.</summary>
    public (int Image, Box Box)[] Regions => [.. Samples.SelectMany((sample, i) => sample.Boxes.Select(box => (i, box)))];
}
