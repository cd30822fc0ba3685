namespace PolaFormer.LongRange.Generation;

/// <summary>An image of Pathfinder.</summary>
/// <param name="Pixels">Grey levels of 32 × 32 pixels, by rows.</param>
/// <param name="Label">1 where one line joins the discs, else 0.</param>
/// <param name="Distractors">Short lines that found room.</param>
public sealed record PathfinderImage(byte[] Pixels, int Label, int Distractors);
