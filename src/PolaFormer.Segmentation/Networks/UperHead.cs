using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// The head of UperNet (Xiao et al., ECCV 2018, https://arxiv.org/abs/1807.10221; mmsegmentation's uper_head.py): pyramid pooling of
/// the coarsest map, a feature pyramid from it to the finest, all levels side by side.
/// </summary>
public sealed class UperHead : DecodeHead
{
    private readonly PyramidPooling _pooling;
    private readonly ConvModule _bottleneck, _fusion;
    private readonly ModuleList<ConvModule> _laterals, _outputs;

    /// <summary>Makes the layers with undefined weights.</summary>
    public UperHead(UperHeadConfig config)
        : base(config)
    {
        int levels = config.InChannels.Count, coarsest = config.InChannels[^1];
        _pooling = AddChild("psp_modules", new PyramidPooling(config.PoolScales, () => Convolution(coarsest, config.Channels, 1), config.AlignCorners));
        _bottleneck = AddChild("bottleneck", Convolution(coarsest + (config.PoolScales.Count * config.Channels), config.Channels, 3));
        _laterals = AddChild("lateral_convs", new ModuleList<ConvModule>(config.InChannels.Take(levels - 1).Select(channels => Convolution(channels, config.Channels, 1))));
        _outputs = AddChild("fpn_convs", new ModuleList<ConvModule>(config.InChannels.Take(levels - 1).Select(_ => Convolution(config.Channels, config.Channels, 3))));
        _fusion = AddChild("fpn_bottleneck", Convolution(levels * config.Channels, config.Channels, 3));
    }

    /// <inheritdoc/>
    protected override Tensor RunMaps(IReadOnlyList<Tensor> maps)
    {
        Tensor[] levels = [.. maps.Take(maps.Count - 1).Select((map, i) => _laterals[i].Forward(map)), _bottleneck.Forward(_pooling.Forward(maps[^1]))];
        for (int i = levels.Length - 1; i > 0; i--)
            levels[i - 1] = levels[i - 1] + MapResize.Like(levels[i], levels[i - 1], Config.AlignCorners);
        for (int i = 0; i < levels.Length - 1; i++)
            levels[i] = _outputs[i].Forward(levels[i]);
        return _fusion.Forward(Tensor.Concat(3, [.. levels.Select(level => MapResize.Like(level, levels[0], Config.AlignCorners))]));
    }
}
