using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// What the attentions of PolaFormer++ share (the authors' polaformer++/models/pola.py): one projection of queries, keys,
/// values and gate, rotary positions, then (attention + lepe(v))·g and a projection. (B, H, W, C) → (B, H, W, C).
/// A derived type is one mechanism.
/// </summary>
public abstract class GatedRotaryAttention : ProjectedModule
{
    private readonly RotaryEncoding _rotary;
    private readonly Linear _joint;
    private readonly DepthwiseConv2d _local;

    /// <summary>Makes the shared layers.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="rotary">Encoding of as many channels as the mechanism's features, owned by the stage.</param>
    /// <param name="jointName">Name of the joint projection in the state dict.</param>
    protected GatedRotaryAttention(int dim, int numHeads, RotaryEncoding rotary, string jointName = "qkvo")
    {
        NumHeads = numHeads;
        _rotary = rotary;
        _joint = AddChild(jointName, new Linear(dim, 4 * dim));
        _local = AddChild("lepe", new DepthwiseConv2d(dim, 5));
        Projection = AddChild("proj", new Linear(dim, dim));
    }

    /// <summary>Heads.</summary>
    protected int NumHeads { get; }

    /// <inheritdoc/>
    protected sealed override Linear Projection { get; }

    /// <summary>The mechanism.</summary>
    /// <param name="query">(B, H, W, C).</param>
    /// <param name="key">(B, H, W, C).</param>
    /// <param name="value">(B, H, W, C).</param>
    /// <param name="sin">(H·W, features of a head): sines of the rotary encoding.</param>
    /// <param name="cos">(H·W, features of a head): cosines.</param>
    /// <returns>(B, H·W, C).</returns>
    protected abstract Tensor Attend(Columns query, Columns key, Columns value, Tensor sin, Tensor cos);

    /// <inheritdoc/>
    protected sealed override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3];
        Tensor joint = _joint.Forward(x);
        var value = new Columns(joint, 2 * dim, dim);
        (Tensor sin, Tensor cos) = _rotary.Tables(x.Shape[1], x.Shape[2]);
        Tensor attended = Attend(new Columns(joint, 0, dim), new Columns(joint, dim, dim), value, sin, cos);
        return _local.ForwardGated(value, attended.Reshape(x.Shape), new Columns(joint, 3 * dim, dim));
    }
}
