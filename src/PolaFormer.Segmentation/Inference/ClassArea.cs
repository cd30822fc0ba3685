namespace PolaFormer.Segmentation.Inference;

/// <summary>How much of a photograph a class fills.</summary>
/// <param name="Label">Name of the class.</param>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Pixels">Its pixels.</param>
/// <param name="Share">Its share of all pixels, in [0, 1].</param>
public sealed record ClassArea(string Label, int Index, long Pixels, double Share);
