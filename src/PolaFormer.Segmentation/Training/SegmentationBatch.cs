using PolaFormer.Segmentation.Data;

namespace PolaFormer.Segmentation.Training;

/// <summary>Training examples of one size.</summary>
/// <param name="Images">Normalised pixels, (B, Height, Width, 3).</param>
/// <param name="Height">Rows in pixels.</param>
/// <param name="Width">Columns in pixels.</param>
/// <param name="Labels">Classes, a map an image.</param>
public sealed record SegmentationBatch(float[] Images, int Height, int Width, IReadOnlyList<LabelMap> Labels);
