using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// The attention layer of PVT (models/pvt.py and PolaFormer's models/pola_pvt.py): queries, and for a mechanism that needs one
/// a gate, of every token; keys and values of every token, or of patches merged by a convolution.
/// (B, H, W, C) → the same, and (B, N, C) where nothing is merged.
/// </summary>
public sealed class PvtAttention : AttentionLayer
{
    private readonly Linear _query, _keyValue;
    private readonly SpatialReduction? _reduction;

    /// <summary>Makes the layer.</summary>
    /// <param name="mechanism">What mixes the tokens, made for as many keys as the reduction gives.</param>
    /// <param name="qkvBias">Whether the projections of q, g, k, v have a bias.</param>
    /// <param name="srRatio">Side of the patches that are merged to one key and value.</param>
    /// <param name="eps">Added to the variance of the norm after merging.</param>
    public PvtAttention(AttentionMechanism mechanism, bool qkvBias = true, int srRatio = 1, float eps = 1e-5f)
        : base(mechanism)
    {
        int dim = mechanism.Shape.Dim;
        _query = IsGated
            ? AddChild("qg", new Linear(dim, 2 * dim, qkvBias, Linear.TransformerInitialization))
            : AddChild("q", new Linear(dim, dim, qkvBias, Linear.TransformerInitialization));
        _keyValue = AddChild("kv", new Linear(dim, 2 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
        if (srRatio > 1)
            _reduction = new SpatialReduction(AddChild("sr", new Conv2d(dim, dim, srRatio, srRatio)), AddChild("norm", new LayerNorm(dim, eps)));
        AddInline(mechanism);
    }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[-1];
        Tensor query = _query.Forward(x);
        Tensor keyValue = _keyValue.Forward(_reduction is { } reduction ? reduction.Apply(x) : x);
        AttentionInputs inputs = Inputs(x, new Columns(query, 0, dim), new Columns(keyValue, 0, dim), new Columns(keyValue, dim, dim));
        if (_reduction is not null)
            inputs = inputs with { KeyHeight = keyValue.Shape[1], KeyWidth = keyValue.Shape[2] };
        if (IsGated)
            inputs = inputs with { Gate = new Columns(query, dim, dim) };
        return Mechanism.Attend(inputs).Reshape(x.Shape);
    }
}
