using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Heads;

/// <summary>Classes and boxes of pooled regions: convolutions, linear layers and two linear outputs (mmdetection's ConvFCBBoxHead).</summary>
public sealed class BoxHead : Module
{
    private readonly Linear _scores, _deltas;
    private readonly ModuleList<ConvModule> _convolutions;
    private readonly ModuleList<Linear> _layers;

    /// <summary>Makes the head.</summary>
    public BoxHead(BoxHeadConfig config)
    {
        Config = config;
        int channels = config.Convolutions > 0 ? config.ConvolutionChannels : config.InChannels, flat = channels * config.RegionSize * config.RegionSize;
        int width = config.LinearLayers > 0 ? config.LinearWidth : flat;
        _scores = AddChild("fc_cls", new Linear(width, config.NumClasses + 1, initialization: (Initializer.Normal(0.01f), Initializer.Zeros)));
        _deltas = AddChild("fc_reg", new Linear(width, config.Moves, initialization: (Initializer.Normal(0.001f), Initializer.Zeros)));
        _convolutions = AddChild("shared_convs", new ModuleList<ConvModule>(Enumerable.Range(0, config.Convolutions).Select(i =>
            new ConvModule(i == 0 ? config.InChannels : channels, channels, 3, config.HasNorm ? NormKind.Batch : NormKind.None))));

        // Xavier's uniform start.
        _layers = AddChild("shared_fcs", new ModuleList<Linear>(Enumerable.Range(0, config.LinearLayers).Select(i => i == 0 ? flat : width).Select(inputs =>
            new Linear(inputs, width, initialization: (Initializer.Uniform(MathF.Sqrt(6f / (inputs + width))), Initializer.Zeros), activation: Activation.Relu))));
    }

    /// <summary>What the head was made from.</summary>
    public BoxHeadConfig Config { get; }

    /// <summary>Pooled regions (n, size, size, C) → logits (n, classes + 1), background last, and deltas (n, 4·classes).</summary>
    public (Tensor Scores, Tensor Deltas) ForwardRegions(Tensor regions)
    {
        Tensor[] results = CallForSeveral(new Pass(this, regions), static pass => pass.Head.RunRegions(pass.Regions), regions);
        return (results[0], results[1]);
    }

    /// <summary>The losses of sampled regions: classes, accuracy and boxes.</summary>
    /// <param name="scores">(n, classes + 1).</param>
    /// <param name="deltas">(n, 4·classes).</param>
    /// <param name="regions">The regions' boxes.</param>
    /// <param name="labels">Their classes; the number of classes for background.</param>
    /// <param name="targets">Deltas or boxes of the positive ones.</param>
    public NamedLoss[] Losses(Tensor scores, Tensor deltas, Box[] regions, int[] labels, Box[] targets)
    {
        Tensor ofClasses = LossAverage.Of(ClassLosses.Softmax(scores, labels), null, Math.Max(labels.Length, 1)) * Config.ClassWeight;
        Tensor accuracy = Tensor.From([ClassLosses.Accuracy(scores.ToArray(), labels)], [1], scores.Device);
        return [new NamedLoss("loss_cls", ofClasses), new NamedLoss("acc", accuracy), new NamedLoss("loss_bbox", LossOfBoxes(deltas, regions, labels, targets))];
    }

    /// <summary>What the sampled regions of a batch are to become: class of each, and the positive ones' boxes or deltas.</summary>
    public (int[] Labels, Box[] Boxes) Targets(IReadOnlyList<SampledBoxes> samples) => (
        [.. samples.SelectMany(sample => sample.Labels.Concat(Enumerable.Repeat(Config.NumClasses, sample.NegativeBoxes.Length)))],
        [.. samples.SelectMany(sample => sample.PositiveBoxes.Select((box, i) => Config.ComparesDecoded ? sample.ObjectBoxes[i] : Config.Coder.Encode(box, sample.ObjectBoxes[i])))]);

    /// <summary>Regions moved by the deltas of a class each, clipped to their image.</summary>
    public Box[] Moved(Box[] regions, int[] labels, ReadOnlySpan<float> deltas, ImageInfo image)
    {
        var chosen = new Box[regions.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            int at = Config.IsClassAgnostic ? 4 * i : 4 * ((i * Config.NumClasses) + labels[i]);
            chosen[i] = new Box(deltas[at], deltas[at + 1], deltas[at + 2], deltas[at + 3]);
        }

        return Box.FromValues(Config.Coder.Decode(Box.ToTensor(regions, Device.Cpu), Box.ToTensor(chosen, Device.Cpu), (image.Height, image.Width)).ToArray());
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => RunRegions(x)[0];

    /// <inheritdoc/>
    protected override void OnOptimizeForInference()
    {
        using var scope = MemoryScope.Enter();
        int pixels = Config.RegionSize * Config.RegionSize;
        foreach (Linear layer in _layers.Count > 0 ? [_layers[0]] : new[] { _scores, _deltas })
            layer.Weight.CopyFrom(layer.Weight.Detach().Reshape(layer.OutFeatures, -1, pixels).Permute(0, 2, 1).Reshape(layer.Weight.Shape));
    }

    private Tensor[] RunRegions(Tensor x)
    {
        x = _convolutions.Forward(x);

        // Weights read channels before pixels until they are turned for inference.
        if (!IsOptimizedForInference)
            x = x.Permute(0, 3, 1, 2);
        x = x.Reshape(x.Shape[0], x.Shape[1] * x.Shape[2] * x.Shape[3]);
        x = _layers.Forward(x);
        return [_scores.Forward(x), _deltas.Forward(x)];
    }

    private Tensor LossOfBoxes(Tensor deltas, Box[] regions, int[] labels, Box[] targets)
    {
        int[] positive = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] < Config.NumClasses)];
        if (positive.Length == 0)
            return deltas.Sum() * 0;
        long[] rows = [.. positive.Select(i => Config.IsClassAgnostic ? i : ((long)i * Config.NumClasses) + labels[i])];
        Tensor chosen = deltas.Reshape(-1, 4).Embedding(Tensor.From(rows, [rows.Length], deltas.Device));
        if (Config.ComparesDecoded)
            chosen = Config.Coder.Decode(Box.ToTensor([.. positive.Select(i => regions[i])], deltas.Device), chosen);

        // All regions divide the loss, not the positive ones alone.
        return Config.BoxLoss.Of(chosen, Box.ToTensor(targets, deltas.Device), null, labels.Length);
    }

    private readonly record struct Pass(BoxHead Head, Tensor Regions);
}
