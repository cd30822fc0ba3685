namespace PolaFormer.Tensors;

/// <summary>How regions of a map are pooled.</summary>
/// <param name="Height">Rows of the result.</param>
/// <param name="Width">Columns of the result.</param>
/// <param name="Scale">Pixels of the map for a pixel of the regions' coordinates: one over the stride.</param>
/// <param name="SamplingRatio">Sample points of a bin in each direction; 0 for as many as pixels, rounded up.</param>
/// <param name="IsAligned">Whether regions are moved by half a pixel of the map; else their sides are at least one pixel.</param>
public readonly record struct RoiAlignRule(int Height, int Width, float Scale, int SamplingRatio = 0, bool IsAligned = true);
