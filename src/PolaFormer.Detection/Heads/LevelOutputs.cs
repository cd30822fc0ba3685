using PolaFormer.Tensors;

namespace PolaFormer.Detection.Heads;

/// <summary>What a dense head says of a map.</summary>
/// <param name="Scores">Logits, (B, h, w, anchors·classes).</param>
/// <param name="Deltas">(B, h, w, anchors·4).</param>
public readonly record struct LevelOutputs(Tensor Scores, Tensor Deltas)
{
    /// <summary>Extents of the map.</summary>
    public (int Height, int Width) Size => (Scores.Shape[1], Scores.Shape[2]);

    /// <summary>Scores and deltas of each level in turn.</summary>
    internal static Tensor[] ToTensors(IReadOnlyList<LevelOutputs> levels) => [.. levels.SelectMany<LevelOutputs, Tensor>(level => [level.Scores, level.Deltas])];

    /// <summary>The levels of such a list.</summary>
    internal static LevelOutputs[] FromTensors(IReadOnlyList<Tensor> outputs) => [.. Enumerable.Range(0, outputs.Count / 2).Select(i => new LevelOutputs(outputs[2 * i], outputs[(2 * i) + 1]))];
}
