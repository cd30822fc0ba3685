namespace PolaFormer.Segmentation.Data;

/// <summary>The colour that a class is drawn in.</summary>
/// <param name="Red">Red, 0 … 255.</param>
/// <param name="Green">Green, 0 … 255.</param>
/// <param name="Blue">Blue, 0 … 255.</param>
public readonly record struct ClassColor(byte Red, byte Green, byte Blue);
