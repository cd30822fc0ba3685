using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>2-D convolution of channels-last images: (B, H, W, in) → (B, h, w, out). The weight is stored (out, in / groups, k, k).</summary>
public sealed class Conv2d : Module
{
    private readonly Parameter _weight;
    private Parameter? _bias;
    private readonly int _stride, _padding, _groups, _dilation;
    private Activation _activation;

    /// <summary>Makes the layer.</summary>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="kernelSize">Rows of the kernel.</param>
    /// <param name="stride">Pixels between outputs.</param>
    /// <param name="padding">Zeros around the image, in pixels.</param>
    /// <param name="groups">Independent groups of channels.</param>
    /// <param name="initialization">Start of the weight and bias; PyTorch's uniform default where null.</param>
    /// <param name="kernelWidth">Columns of the kernel; as many as rows where null.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    /// <param name="dilation">Pixels between taps of the kernel.</param>
    /// <param name="activation">Applied to the result.</param>
    public Conv2d(int inChannels, int outChannels, int kernelSize, int stride = 1, int padding = 0, int groups = 1, (Initializer Weight, Initializer Bias)? initialization = null, int? kernelWidth = null, bool hasBias = true, int dilation = 1, Activation activation = Activation.None)
    {
        (_stride, _padding, _groups, _dilation, _activation) = (stride, padding, groups, dilation, activation);
        int columns = kernelWidth ?? kernelSize;
        Initializer fanIn = Initializer.UniformFanIn(inChannels / groups * kernelSize * columns);
        _weight = AddParameter("weight", [outChannels, inChannels / groups, kernelSize, columns], initialization?.Weight ?? fanIn);
        _bias = hasBias ? AddParameter("bias", [outChannels], initialization?.Bias ?? fanIn) : null;
    }

    /// <summary>The kernels, (out, in / groups, k, k).</summary>
    internal Parameter Weight => _weight;

    /// <summary>b, (out); null without.</summary>
    internal Parameter? Bias => _bias;

    /// <summary>What is applied to the result.</summary>
    internal Activation Activation => _activation;

    /// <summary>Output channels.</summary>
    public int OutChannels => _weight.Shape[0];

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.Conv2d(_weight, _bias, _stride, _padding, _dilation, _groups, _activation);

    /// <inheritdoc/>
    protected override Tensor RunOnto(Tensor residual, Tensor x) =>
        _activation == Activation.None ? x.Conv2d(_weight, _bias, _stride, _padding, _dilation, _groups, residual: residual) : base.RunOnto(residual, x);

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _weight.PackForInference(_groups, isDense: _stride == 1 && _dilation == 1);

    /// <summary>Takes over y → act(factor·y + offset), which followed the layer, for each output channel.</summary>
    internal void Fold(Tensor factors, Tensor offsets, Activation activation)
    {
        _weight.ScaleRows(factors);
        _activation = activation;
        if (_bias is null)
        {
            // In no state dict: the network is for inference alone from here on.
            _bias = new Parameter([OutChannels], Initializer.Zeros, offsets.Device);
            _bias.CopyFrom(offsets);
            return;
        }

        _bias.ScaleRows(factors);
        _bias.CopyFrom(_bias.Detach() + offsets);
    }
}
