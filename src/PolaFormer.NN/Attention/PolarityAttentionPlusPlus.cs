using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// The linear attention of PolaFormer++ (the authors' polaformer++/models/pola.py, PolaLinearAttention).
/// (B, H, W, C) → (B, H, W, C).
/// <para>
/// Per head, with f(x, s) = exp(x·sigmoid(s)) − 1: q_same = f([q₊, q₋], s₁), q_opposite = f([q₋, q₊], s₂),
/// k̃ = exp([k₊, k₋]) − 1; the products use features turned by the rotary encoding, the normaliser unturned ones;
/// then (y + lepe(v))·g and a projection. The keys are exponentiated without a temperature: large ones overflow.
/// </para>
/// </summary>
public sealed class PolarityAttentionPlusPlus : GatedRotaryAttention
{
    private readonly Parameter _same, _opposite;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="rotary">Encoding of 2·C channels, owned by the stage.</param>
    public PolarityAttentionPlusPlus(int dim, int numHeads, RotaryEncoding rotary)
        : base(dim, numHeads, rotary, "qkvg")
    {
        _same = AddParameter("s1", [1, numHeads, 1, 2 * dim / numHeads], Initializer.Zeros);
        _opposite = AddParameter("s2", [1, numHeads, 1, 2 * dim / numHeads], Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected override Tensor Attend(Columns query, Columns key, Columns value, Tensor sin, Tensor cos) =>
        Tensor.PolarityAttentionPlusPlus(query, key, value, _same.Sigmoid(), _opposite.Sigmoid(), sin, cos, NumHeads);
}
