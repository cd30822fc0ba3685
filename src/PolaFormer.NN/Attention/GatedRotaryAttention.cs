using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// The attention layer of PolaFormer++ (the authors' polaformer++/models/pola.py): one projection of queries, keys, values and
/// gate, rotary positions, then (attention + lepe(v))·g and a projection. (B, H, W, C) → (B, H, W, C). What a mechanism with a
/// gate of its own returns is not gated again.
/// </summary>
public sealed class GatedRotaryAttention : AttentionLayer
{
    private readonly RotaryEncoding _rotary;
    private readonly Linear _joint;

    /// <summary>Makes the layer.</summary>
    /// <param name="mechanism">What mixes the tokens.</param>
    /// <param name="rotary">Encoding of the mechanism's <see cref="AttentionMechanism.RotaryDim"/> channels a head, owned by the stage.</param>
    public GatedRotaryAttention(AttentionMechanism mechanism, RotaryEncoding rotary)
        : base(mechanism)
    {
        int dim = mechanism.Shape.Dim;
        _rotary = rotary;
        _joint = AddChild(mechanism is PolarityPlusPlusAttention ? "qkvg" : "qkvo", new Linear(dim, 4 * dim));
        Local = AddChild("lepe", new DepthwiseConv2d(dim, 5));
        Projection = AddChild("proj", new Linear(dim, dim));
        AddInline(mechanism);
    }

    /// <summary>The convolution of the values that is added to the attention, before the gate.</summary>
    public DepthwiseConv2d Local { get; }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3], heads = Mechanism.Shape.NumHeads;
        Tensor joint = _joint.Forward(x);
        Columns query = new(joint, 0, dim), key = new(joint, dim, dim), value = new(joint, 2 * dim, dim), gate = new(joint, 3 * dim, dim);
        (Tensor sin, Tensor cos) = _rotary.Tables(x.Shape[1], x.Shape[2], x.Device);
        AttentionInputs inputs = Mechanism.Traits.HasFlag(AttentionTraits.Rotary)
            ? Inputs(x, query, key, value) with { Gate = gate, Rotary = (sin, cos) }
            : Inputs(x, Tensor.Rotate(query, sin, cos, heads), Tensor.Rotate(key, sin, cos, heads), value) with { Gate = gate };
        Tensor attended = Mechanism.Attend(inputs).Reshape(x.Shape);
        return IsGated ? attended + Local.Forward(value) : Local.ForwardGated(value, attended, gate);
    }
}
