using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// The feature pyramid network (Lin et al., CVPR 2017, https://arxiv.org/abs/1612.03144; mmsegmentation's necks/fpn.py): every map
/// through a 1×1 convolution, coarse ones added to fine ones by nearest neighbours, then 3×3 convolutions.
/// </summary>
public sealed class FeatureNeck : Module
{
    private readonly FeatureNeckConfig _config;
    private readonly ModuleList<ConvModule> _laterals, _outputs;

    /// <summary>Makes the layers with undefined weights.</summary>
    /// <exception cref="ArgumentException">There are fewer outputs than inputs.</exception>
    public FeatureNeck(FeatureNeckConfig config)
    {
        if (config.NumOuts < config.InChannels.Count)
            throw new ArgumentException($"The neck of {config.InChannels.Count} maps has as many outputs or more, not {config.NumOuts}.", nameof(config));
        _config = config;
        _laterals = AddChild("lateral_convs", new ModuleList<ConvModule>(config.InChannels.Select(channels => new ConvModule(channels, config.OutChannels, 1, activation: Activation.None))));
        _outputs = AddChild("fpn_convs", new ModuleList<ConvModule>(config.InChannels.Select(_ => new ConvModule(config.OutChannels, config.OutChannels, 3, activation: Activation.None))));
    }

    /// <summary>Maps, fine to coarse → maps of the same sizes and one number of channels, and coarser ones.</summary>
    public Tensor[] ForwardMaps(IReadOnlyList<Tensor> maps) => CallForSeveral(new Pass(this, maps), static pass => pass.Neck.RunMaps(pass.Maps), [.. maps]);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => RunMaps([x])[0];

    private Tensor[] RunMaps(IReadOnlyList<Tensor> maps)
    {
        if (maps.Count != _laterals.Count)
            throw new ArgumentException($"The neck takes {_laterals.Count} maps; got {maps.Count}.", nameof(maps));
        Tensor[] laterals = [.. maps.Select((map, i) => _laterals[i].Forward(map))];
        for (int i = laterals.Length - 1; i > 0; i--)
            laterals[i - 1] = laterals[i - 1] + laterals[i].Interpolate(laterals[i - 1].Shape[1], laterals[i - 1].Shape[2], InterpolationMode.Nearest);
        var outputs = laterals.Select((lateral, i) => _outputs[i].Forward(lateral)).ToList();
        while (outputs.Count < _config.NumOuts)
            outputs.Add(outputs[^1].MaxPool(1, 2));
        return [.. outputs];
    }

    private readonly record struct Pass(FeatureNeck Neck, IReadOnlyList<Tensor> Maps);
}
