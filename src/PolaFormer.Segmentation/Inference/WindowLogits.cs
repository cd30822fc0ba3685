using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>A head's logits of a part of the network's input, at the head's resolution.</summary>
/// <param name="Part">The part in pixels of the input.</param>
/// <param name="Height">Rows of logits.</param>
/// <param name="Width">Columns of logits.</param>
/// <param name="Values">(Height, Width, classes).</param>
internal sealed record WindowLogits(PixelRect Part, int Height, int Width, float[] Values);
