using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// Feature maps to logits of every pixel (mmsegmentation's BaseDecodeHead). The classifier <c>conv_seg</c> is the first part of the
/// state dict.
/// </summary>
public abstract class DecodeHead : Module
{
    private readonly ChannelDropout _dropout;
    private Conv2d _classifier;

    /// <summary>Starts a head: the classifier, and dropout before it.</summary>
    protected DecodeHead(DecodeHeadConfig config)
    {
        config.Validate();
        Config = config;
        _classifier = AddChild("conv_seg", NewClassifier(config.NumClasses));
        _dropout = AddChild("dropout", new ChannelDropout(config.DropoutRatio));
    }

    /// <summary>What the head was made from.</summary>
    public DecodeHeadConfig Config { get; }

    /// <summary>Width of the logits.</summary>
    public int NumClasses => _classifier.OutChannels;

    /// <summary>The dropout before the classifier.</summary>
    internal ChannelDropout Dropout => _dropout;

    /// <summary>Maps of the backbone or neck → logits (B, h, w, classes) at the resolution of the head.</summary>
    /// <exception cref="ArgumentException">A map that the head reads is not among them.</exception>
    public Tensor ForwardMaps(IReadOnlyList<Tensor> maps)
    {
        if (Config.InIndex.Any(index => index >= maps.Count))
            throw new ArgumentException($"The head reads the maps [{string.Join(", ", Config.InIndex)}]; got {maps.Count} maps.", nameof(maps));
        Tensor[] chosen = [.. Config.InIndex.Select(index => maps[index])];
        return Call(new Pass(this, chosen), static pass => pass.Head.Classify(pass.Head.RunMaps(pass.Maps)), chosen);
    }

    /// <summary>Replaces the classifier by a new one, with freshly drawn weights.</summary>
    /// <param name="numClasses">Width of the new logits.</param>
    /// <param name="seed">Seed of the new weights.</param>
    public void ResetClassifier(int numClasses, ulong seed = 0)
    {
        _classifier = ReplaceChild("conv_seg", NewClassifier(numClasses));
        _classifier.Initialize(seed);
    }

    /// <summary>A head of one map.</summary>
    protected override Tensor Run(Tensor x) => Classify(RunMaps([x]));

    /// <summary>The chosen maps → (B, h, w, channels).</summary>
    protected abstract Tensor RunMaps(IReadOnlyList<Tensor> maps);

    /// <summary>A convolution with the head's norm and a ReLU.</summary>
    protected ConvModule Convolution(int inChannels, int outChannels, int kernelSize, int dilation = 1) =>
        new(inChannels, outChannels, kernelSize, Config.Norm, Activation.Relu, Config.NormGroups, dilation);

    private Tensor Classify(Tensor features) => _classifier.Forward(_dropout.Forward(features));

    private Conv2d NewClassifier(int numClasses) => new(Config.Channels, numClasses, 1, initialization: (Initializer.Normal(0.01f), Initializer.Zeros));

    private readonly record struct Pass(DecodeHead Head, IReadOnlyList<Tensor> Maps);
}
