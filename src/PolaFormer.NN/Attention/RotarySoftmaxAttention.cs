using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Softmax attention with rotary encoding, local enhancement and gate: the later stages of PolaFormer++ (the authors'
/// polaformer++/models/pola.py, VanillaSelfAttention). (B, H, W, C) → (B, H, W, C).
/// </summary>
public sealed class RotarySoftmaxAttention : ProjectedModule
{
    private readonly int _numHeads;
    private readonly RotaryEncoding _rotary;
    private readonly Linear _joint;
    private readonly DepthwiseConv2d _local;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="rotary">Encoding of C channels, owned by the stage.</param>
    public RotarySoftmaxAttention(int dim, int numHeads, RotaryEncoding rotary)
    {
        _numHeads = numHeads;
        _rotary = rotary;
        _joint = AddChild("qkvo", new Linear(dim, 4 * dim));
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
        Tensor query = Tensor.Rotate(new Columns(joint, 0, dim), sin, cos, _numHeads);
        Tensor key = Tensor.Rotate(new Columns(joint, dim, dim), sin, cos, _numHeads);
        float scale = 1 / MathF.Sqrt(dim / _numHeads);
        Tensor attended = Tensor.SoftmaxAttention(query, key, new Columns(joint, 2 * dim, dim), _numHeads, scale);
        return _local.ForwardGated(new Columns(joint, 2 * dim, dim), attended.Reshape(x.Shape), new Columns(joint, 3 * dim, dim));
    }
}
