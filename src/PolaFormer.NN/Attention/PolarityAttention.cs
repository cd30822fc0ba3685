using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Polarity-aware linear attention with spatial reduction, as in Pola-PVT (ICLR 2025, eq. 5–7; the authors'
/// models/pola_pvt.py, PolaLinearAttention). (B, H, W, C) → (B, H, W, C), time and memory linear in H·W.
/// <para>
/// Per head, with |x|ᵖ routed by sign: q_same = [q₊ᵖ, q₋ᵖ], q_opposite = [q₋ᵖ, q₊ᵖ], k̃ = [k₊ᵖ, k₋ᵖ];
/// y = [q_same·(k̃ᵀv₁)/(q_same·Σk̃), q_opposite·(k̃ᵀv₂)/(q_opposite·Σk̃)] for the halves v₁, v₂ of v;
/// then (y + dwc(v))·g and a projection.
/// </para>
/// Where the paper and the authors' code differ, this follows the code: the gate also multiplies the convolution's
/// branch, and v is stretched to all tokens along the flattened sequence, not in the plane.
/// </summary>
public sealed class PolarityAttention : ProjectedModule
{
    private readonly int _numHeads;
    private readonly PolarityFeatures _features;
    private readonly Parameter _positionalEncoding;
    private readonly Linear _queryGate, _keyValue;
    private readonly SpatialReduction? _reduction;
    private readonly DepthwiseConv2d _depthwise;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="numPatches">Tokens H·W that the positional encoding of the keys is made for.</param>
    /// <param name="numHeads">Heads; C / numHeads is even.</param>
    /// <param name="qkvBias">Whether the projections of q, g, k, v have a bias.</param>
    /// <param name="srRatio">Side of the patches that are merged to one key and value.</param>
    /// <param name="kernelSize">Kernel of the depthwise convolution of v.</param>
    /// <param name="alpha">Exponents lie in (1, 1 + alpha).</param>
    public PolarityAttention(int dim, int numPatches, int numHeads, bool qkvBias = true, int srRatio = 1, int kernelSize = 5, float alpha = 4)
    {
        _numHeads = numHeads;
        int headDim = dim / numHeads;
        _features = new PolarityFeatures(AddParameter("power", [1, numHeads, 1, headDim], Initializer.Zeros), alpha, AddParameter("scale", [1, 1, dim], Initializer.Zeros));
        _positionalEncoding = AddParameter("positional_encoding", [1, numPatches / (srRatio * srRatio), dim], Initializer.Zeros);
        _queryGate = AddChild("qg", new Linear(dim, 2 * dim, qkvBias, Linear.TransformerInitialization));
        _keyValue = AddChild("kv", new Linear(dim, 2 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
        if (srRatio > 1)
            _reduction = new SpatialReduction(AddChild("sr", new Conv2d(dim, dim, srRatio, srRatio)), AddChild("norm", new LayerNorm(dim)));
        _depthwise = AddChild("dwc", new DepthwiseConv2d(headDim, kernelSize));
    }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        (int batch, int height, int width, int dim) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        Tensor queryGate = _queryGate.Forward(x);
        Tensor keyValue = _keyValue.Forward(_reduction is { } reduction ? reduction.Apply(x) : x);
        Tensor attended = Tensor.PolarityAttention(
            new Columns(queryGate, 0, dim), new Columns(keyValue, 0, dim), new Columns(keyValue, dim, dim),
            _positionalEncoding, _features.InverseScale(), _features.Exponent(), _numHeads);

        var value = new Columns(keyValue, dim, dim);
        if (_reduction is not null)
            value = keyValue.Slice(-1, dim, dim).Reshape(batch, -1, dim).InterpolateTokens(height * width).Reshape(x.Shape);
        return _depthwise.ForwardGated(value, attended.Reshape(x.Shape), new Columns(queryGate, dim, dim));
    }
}
