namespace PolaFormer.Models;

/// <summary>A feature map that a backbone gives.</summary>
/// <param name="Channels">Its channels.</param>
/// <param name="Stride">Pixels of the image from one place of the map to the next.</param>
public readonly record struct FeatureLevel(int Channels, int Stride);
