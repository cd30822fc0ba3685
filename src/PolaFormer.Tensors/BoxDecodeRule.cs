namespace PolaFormer.Tensors;

/// <summary>How deltas (x, y, width, height) encode boxes: what they are multiplied by, what is added, and what bounds the result.</summary>
/// <param name="Deviation">Factor of each delta.</param>
/// <param name="Mean">Added to each delta after that.</param>
/// <param name="Width">Largest x of a result in pixels; infinite for no bounds.</param>
/// <param name="Height">Largest y of a result in pixels; infinite for no bounds.</param>
public readonly record struct BoxDecodeRule(
    (float X, float Y, float Width, float Height) Deviation,
    (float X, float Y, float Width, float Height) Mean = default,
    float Width = float.PositiveInfinity,
    float Height = float.PositiveInfinity);
