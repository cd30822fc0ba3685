using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Necks;

/// <summary>
/// A feature pyramid network (Lin et al., CVPR 2017) as mmdetection has it: 1×1 laterals, coarser maps added by nearest pixels at
/// exactly the finer map's size, 3×3 outputs, and more levels beyond.
/// </summary>
public sealed class Fpn : Module
{
    // Each output halves the one before: the last of so many is a pixel, whatever the image.
    private const int MaxOutputs = 20;

    private readonly FpnConfig _config;
    private readonly ModuleList<ConvModule> _laterals, _outputs;

    /// <summary>Makes the pyramid.</summary>
    public Fpn(FpnConfig config)
    {
        _config = config;
        int channels = config.OutChannels, end = config.EndLevel ?? config.InChannels.Count, used = end - config.StartLevel;
        if (used < 1 || end > config.InChannels.Count || config.Outputs < used || config.Outputs > MaxOutputs)
            throw new ArgumentException($"A pyramid of {config.Outputs} levels cannot stand on {config.InChannels.Count} maps from number {config.StartLevel} on.", nameof(config));
        _laterals = AddChild("lateral_convs", new ModuleList<ConvModule>(config.InChannels.Take(end).Skip(config.StartLevel).Select(width => Convolution(width, channels, 1))));
        IEnumerable<ConvModule> outputs = Enumerable.Range(0, used).Select(_ => Convolution(channels, channels, 3));
        if (config.Extra != ExtraLevels.Pooled)
        {
            outputs = outputs.Concat(Enumerable.Range(0, config.Outputs - used).Select(i =>
                Convolution(i == 0 && config.Extra == ExtraLevels.OnInput ? config.InChannels[end - 1] : channels, channels, 3, 2)));
        }

        _outputs = AddChild("fpn_convs", new ModuleList<ConvModule>(outputs));
    }

    /// <summary>Maps (B, h, w, C) of the backbone, fine to coarse → <see cref="FpnConfig.Outputs"/> maps of one width.</summary>
    public Tensor[] ForwardMaps(IReadOnlyList<Tensor> maps)
    {
        if (maps.Count != _config.InChannels.Count)
            throw new ArgumentException($"The pyramid stands on {_config.InChannels.Count} maps; got {maps.Count}.", nameof(maps));
        Tensor[] inputs = [.. maps];
        return CallForSeveral(new Pass(this, inputs), static pass => pass.Module.RunMaps(pass.Maps), inputs);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new NotSupportedException("A feature pyramid takes several maps: call ForwardMaps.");

    private Tensor[] RunMaps(Tensor[] maps)
    {
        int levels = _laterals.Count;
        var outputs = new List<Tensor>(new Tensor[levels]);
        Tensor last = _laterals[^1].Forward(maps[levels - 1 + _config.StartLevel]), coarser = last;
        outputs[^1] = _outputs[levels - 1].Forward(last);
        for (int i = levels - 2; i >= 0; i--)
            (coarser, outputs[i]) = RunLevel(i, maps[i + _config.StartLevel], coarser);
        while (outputs.Count < _config.Outputs)
        {
            bool isFirst = outputs.Count == levels;
            Tensor source = outputs[^1];
            if (_config.Extra == ExtraLevels.Pooled)
            {
                outputs.Add(source.MaxPool(1, 2));
                continue;
            }

            if (isFirst)
                source = _config.Extra == ExtraLevels.OnInput ? maps[(_config.EndLevel ?? maps.Length) - 1] : _config.Extra == ExtraLevels.OnLateral ? last : source;
            else if (_config.ReluBeforeExtra)
                source = source.Relu();
            outputs.Add(_outputs[outputs.Count].Forward(source));
        }

        return [.. outputs];
    }

    // The lateral map and the output of a level. The finest lateral map, by far the largest, ends with its output.
    private (Tensor Lateral, Tensor Output) RunLevel(int level, Tensor map, Tensor coarser)
    {
        using var scope = MemoryScope.Enter();
        Tensor lateral = _laterals[level].ForwardOnto(coarser.Interpolate(map.Shape[1], map.Shape[2], InterpolationMode.Nearest), map);
        Tensor output = _outputs[level].Forward(lateral);
        return (level == 0 ? lateral : scope.Return(lateral), scope.Return(output));
    }

    // Xavier's uniform start.
    private static ConvModule Convolution(int inChannels, int outChannels, int kernelSize, int stride = 1) =>
        new(inChannels, outChannels, kernelSize, activation: Activation.None, stride: stride, start: Initializer.Uniform(MathF.Sqrt(6f / ((inChannels + outChannels) * kernelSize * kernelSize))));

    private readonly record struct Pass(Fpn Module, Tensor[] Maps);
}
