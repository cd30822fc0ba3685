using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// A convolution, a norm and an activation under the names of mmcv's ConvModule: <c>conv</c>, then <c>bn</c> or <c>gn</c>. The
/// convolution has a bias only without a norm, and keeps the size at stride 1.
/// </summary>
public sealed class ConvModule : Module
{
    private readonly Conv2d _convolution;
    private readonly BatchNorm2d? _batchNorm;
    private readonly GroupNorm? _groupNorm;
    private readonly Activation _activation;

    /// <summary>Makes the layers; the convolution starts normal with variance 2 over the outputs that an input reaches (Kaiming, fan_out) unless told otherwise.</summary>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="kernelSize">Side of the kernel, odd.</param>
    /// <param name="norm">The norm.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="groups">Groups of a group norm.</param>
    /// <param name="dilation">Pixels between taps of the kernel.</param>
    /// <param name="stride">Pixels between outputs.</param>
    /// <param name="start">Start of the weight, where it is another.</param>
    public ConvModule(int inChannels, int outChannels, int kernelSize, NormKind norm = NormKind.None, Activation activation = Activation.Relu, int groups = 32, int dilation = 1, int stride = 1, Initializer? start = null)
    {
        _activation = activation;
        Initializer weight = start ?? Initializer.Normal(MathF.Sqrt(2f / (kernelSize * kernelSize * outChannels)));
        _convolution = AddChild("conv", new Conv2d(
            inChannels, outChannels, kernelSize, stride, kernelSize / 2 * dilation, initialization: (weight, Initializer.Zeros), hasBias: norm == NormKind.None, dilation: dilation));
        if (norm == NormKind.Batch)
            _batchNorm = AddChild("bn", new BatchNorm2d(outChannels));
        else if (norm == NormKind.Group)
            _groupNorm = AddChild("gn", new GroupNorm(groups, outChannels));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        x = _convolution.Forward(x);
        if (_batchNorm is { IsFolded: true })
            return x;
        x = _batchNorm?.Forward(x) ?? _groupNorm?.Forward(x) ?? x;
        return x.Activate(_activation);
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _batchNorm?.FoldInto(_convolution, _activation);
}
