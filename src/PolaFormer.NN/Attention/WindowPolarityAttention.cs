using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Polarity-aware linear attention inside square windows, as in Pola-Swin (the authors' models/pola_swin.py,
/// PolaLinearAttention): see <see cref="PolarityAttention"/> for the mechanism. (windows, w, w, C) → the same.
/// The authors' code ignores the shift mask here, so tokens of different regions in a shifted window see each other.
/// </summary>
public sealed class WindowPolarityAttention : ProjectedModule
{
    private readonly int _numHeads;
    private readonly PolarityFeatures _features;
    private readonly Parameter _positionalEncoding;
    private readonly Linear _joint;
    private readonly DepthwiseConv2d _depthwise;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="windowSize">Side of the window in tokens.</param>
    /// <param name="numHeads">Heads; C / numHeads is even.</param>
    /// <param name="qkvBias">Whether the joint projection has a bias.</param>
    /// <param name="kernelSize">Kernel of the depthwise convolution of v.</param>
    /// <param name="alpha">Exponents lie in (1, 1 + alpha).</param>
    public WindowPolarityAttention(int dim, int windowSize, int numHeads, bool qkvBias = true, int kernelSize = 5, float alpha = 4)
    {
        _numHeads = numHeads;
        int headDim = dim / numHeads;
        _features = new PolarityFeatures(AddParameter("power", [1, numHeads, 1, headDim], Initializer.Zeros), alpha, AddParameter("scale", [1, 1, dim], Initializer.Zeros));
        _positionalEncoding = AddParameter("positional_encoding", [1, windowSize * windowSize, dim], Initializer.Zeros);
        _joint = AddChild("qkvg", new Linear(dim, 4 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
        _depthwise = AddChild("dwc", new DepthwiseConv2d(headDim, kernelSize));
    }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3];
        Tensor joint = _joint.Forward(x);
        Tensor attended = Tensor.PolarityAttention(
            new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim),
            _positionalEncoding, _features.InverseScale(), _features.Exponent(), _numHeads);
        return _depthwise.ForwardGated(new Columns(joint, 2 * dim, dim), attended.Reshape(x.Shape), new Columns(joint, 3 * dim, dim));
    }
}
