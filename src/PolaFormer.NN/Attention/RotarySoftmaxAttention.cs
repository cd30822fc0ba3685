using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Softmax attention with rotary encoding, local enhancement and gate: the later stages of PolaFormer++ (the authors'
/// polaformer++/models/pola.py, VanillaSelfAttention). (B, H, W, C) → (B, H, W, C).
/// </summary>
/// <param name="dim">Channels C.</param>
/// <param name="numHeads">Heads.</param>
/// <param name="rotary">Encoding of C channels, owned by the stage.</param>
public sealed class RotarySoftmaxAttention(int dim, int numHeads, RotaryEncoding rotary) : GatedRotaryAttention(dim, numHeads, rotary)
{
    /// <inheritdoc/>
    protected override Tensor Attend(Columns query, Columns key, Columns value, Tensor sin, Tensor cos)
    {
        Tensor turnedQuery = Tensor.Rotate(query, sin, cos, NumHeads), turnedKey = Tensor.Rotate(key, sin, cos, NumHeads);
        return Tensor.SoftmaxAttention(turnedQuery, turnedKey, value, NumHeads, 1 / MathF.Sqrt(query.Width / NumHeads));
    }
}
