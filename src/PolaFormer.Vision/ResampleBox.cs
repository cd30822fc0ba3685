namespace PolaFormer.Vision;

/// <summary>A box with fractional corners, in pixels from the upper left corner of an image.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge, larger than the left.</param>
/// <param name="Bottom">Bottom edge, larger than the top.</param>
public readonly record struct ResampleBox(float Left, float Top, float Right, float Bottom);
