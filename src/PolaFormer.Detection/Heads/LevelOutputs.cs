using PolaFormer.Tensors;

namespace PolaFormer.Detection.Heads;

/// <summary>What a dense head says of a map.</summary>
/// <param name="Scores">Logits, (B, h, w, anchors·classes).</param>
/// <param name="Deltas">(B, h, w, anchors·4).</param>
public readonly record struct LevelOutputs(Tensor Scores, Tensor Deltas)
{
    /// <summary>Extents of the map.</summary>
    public (int Height, int Width) Size => (Scores.Shape[1], Scores.Shape[2]);
}
