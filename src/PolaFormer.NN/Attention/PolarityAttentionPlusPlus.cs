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
public sealed class PolarityAttentionPlusPlus : ProjectedModule
{
    private readonly int _numHeads;
    private readonly RotaryEncoding _rotary;
    private readonly Parameter _same, _opposite;
    private readonly Linear _joint;
    private readonly DepthwiseConv2d _local;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="rotary">Encoding of 2·C channels, owned by the stage.</param>
    public PolarityAttentionPlusPlus(int dim, int numHeads, RotaryEncoding rotary)
    {
        _numHeads = numHeads;
        _rotary = rotary;
        _same = AddParameter("s1", [1, numHeads, 1, 2 * dim / numHeads], Initializer.Zeros);
        _opposite = AddParameter("s2", [1, numHeads, 1, 2 * dim / numHeads], Initializer.Zeros);
        _joint = AddChild("qkvg", new Linear(dim, 4 * dim));
        _local = AddChild("lepe", new DepthwiseConv2d(dim, 5));
        Projection = AddChild("proj", new Linear(dim, dim));
    }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3];
        Tensor joint = _joint.Forward(x);
        (Tensor sin, Tensor cos) = _rotary.Tables(x.Shape[1], x.Shape[2]);
        Tensor attended = Tensor.PolarityAttentionPlusPlus(
            new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim),
            _same.Sigmoid(), _opposite.Sigmoid(), sin, cos, _numHeads);
        return _local.ForwardGated(new Columns(joint, 2 * dim, dim), attended.Reshape(x.Shape), new Columns(joint, 3 * dim, dim));
    }
}
