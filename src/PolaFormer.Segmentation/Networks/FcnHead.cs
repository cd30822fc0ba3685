using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>Convolutions on one map (FCN: Long et al., CVPR 2015, https://arxiv.org/abs/1411.4038; mmsegmentation's fcn_head.py); the auxiliary head of UperNet.</summary>
public sealed class FcnHead : DecodeHead
{
    private readonly ModuleList<ConvModule> _convolutions;
    private readonly ConvModule? _joint;

    /// <summary>Makes the layers with undefined weights.</summary>
    public FcnHead(FcnHeadConfig config)
        : base(config)
    {
        int input = config.InChannels[0];
        _convolutions = AddChild("convs", new ModuleList<ConvModule>(Enumerable.Range(0, config.NumConvs).Select(i =>
            Convolution(i == 0 ? input : config.Channels, config.Channels, config.KernelSize, config.Dilation))));
        if (config.ConcatInput)
            _joint = AddChild("conv_cat", Convolution(input + config.Channels, config.Channels, config.KernelSize));
    }

    /// <inheritdoc/>
    protected override Tensor RunMaps(IReadOnlyList<Tensor> maps)
    {
        Tensor features = _convolutions.Forward(maps[0]);
        return _joint is null ? features : _joint.Forward(Tensor.Concat(3, maps[0], features));
    }
}
