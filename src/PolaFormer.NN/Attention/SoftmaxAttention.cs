using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Softmax attention with PVT's spatial reduction (models/pola_pvt.py, Attention): softmax(q·kᵀ/√d)·v.
/// (B, H, W, C) → (B, H, W, C).
/// </summary>
public sealed class SoftmaxAttention : ProjectedModule
{
    private readonly int _numHeads;
    private readonly Linear _query, _keyValue;
    private readonly SpatialReduction? _reduction;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="qkvBias">Whether the projections of q, k, v have a bias.</param>
    /// <param name="srRatio">Side of the patches that are merged to one key and value.</param>
    public SoftmaxAttention(int dim, int numHeads, bool qkvBias = true, int srRatio = 1)
    {
        _numHeads = numHeads;
        _query = AddChild("q", new Linear(dim, dim, qkvBias, Linear.TransformerInitialization));
        _keyValue = AddChild("kv", new Linear(dim, 2 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
        if (srRatio > 1)
            _reduction = new SpatialReduction(AddChild("sr", new Conv2d(dim, dim, srRatio, srRatio)), AddChild("norm", new LayerNorm(dim)));
    }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3];
        Tensor query = _query.Forward(x);
        Tensor keyValue = _keyValue.Forward(_reduction is { } reduction ? reduction.Apply(x) : x);
        float scale = 1 / MathF.Sqrt(dim / _numHeads);
        Tensor attended = Tensor.SoftmaxAttention(query, new Columns(keyValue, 0, dim), new Columns(keyValue, dim, dim), _numHeads, scale);
        return attended.Reshape(x.Shape);
    }
}
