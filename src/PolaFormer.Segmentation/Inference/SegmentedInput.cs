namespace PolaFormer.Segmentation.Inference;

/// <summary>What a network said of one view of a photograph.</summary>
/// <param name="Height">Rows of the view in pixels.</param>
/// <param name="Width">Columns of the view in pixels.</param>
/// <param name="Flip">How the view was mirrored.</param>
/// <param name="Windows">Logits of the whole view, or of windows that cover it.</param>
internal sealed record SegmentedInput(int Height, int Width, FlipDirection Flip, IReadOnlyList<WindowLogits> Windows);
