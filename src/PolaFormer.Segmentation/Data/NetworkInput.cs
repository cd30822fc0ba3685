namespace PolaFormer.Segmentation.Data;

/// <summary>A normalised image.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Values">(Height, Width, 3).</param>
/// <param name="IsFlipped">Whether left and right are exchanged.</param>
public sealed record NetworkInput(int Width, int Height, float[] Values, bool IsFlipped);
