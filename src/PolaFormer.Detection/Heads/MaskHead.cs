using PolaFormer.Detection.Configuration;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Detection.Heads;

/// <summary>Masks of pooled regions: convolutions, a transposed convolution that doubles the size, and logits of each class (mmdetection's FCNMaskHead).</summary>
public sealed class MaskHead : Module
{
    private readonly ModuleList<ConvModule> _convolutions;
    private readonly TransposedConvolution _upsample;
    private readonly Conv2d _logits;

    /// <summary>Makes the head.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="isOfCascade">Whether the last layers start as PyTorch leaves them, which they do in mmdetection's cascades; else by Kaiming's rule.</param>
    public MaskHead(MaskHeadConfig config, bool isOfCascade = false)
    {
        Config = config;
        int channels = config.Convolutions > 0 ? config.Channels : config.InChannels, maps = config.IsClassAgnostic ? 1 : config.NumClasses;
        _convolutions = AddChild("convs", new ModuleList<ConvModule>(Enumerable.Range(0, config.Convolutions).Select(i => new ConvModule(i == 0 ? config.InChannels : channels, channels, 3))));
        _upsample = AddChild("upsample", new TransposedConvolution(channels, config.Channels, isOfCascade));
        _logits = AddChild("conv_logits", new Conv2d(config.Channels, maps, 1, initialization: isOfCascade ? null : (Initializer.Normal(MathF.Sqrt(2f / maps)), Initializer.Zeros)));
    }

    /// <summary>What the head was made from.</summary>
    public MaskHeadConfig Config { get; }

    /// <summary>The channel that holds the mask of each class.</summary>
    public int[] ChannelsOf(int[] labels) => Config.IsClassAgnostic ? new int[labels.Length] : labels;

    /// <summary>(n, size, size, C) → logits (n, 2·size, 2·size, classes or 1).</summary>
    protected override Tensor Run(Tensor x) => _logits.Forward(_upsample.Forward(_convolutions.Forward(x)));
}
