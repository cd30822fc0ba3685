using System.Numerics;
using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// A segmentation network (mmsegmentation's EncoderDecoder), with its names of parameters: <c>backbone</c>, <c>neck</c>,
/// <c>decode_head</c> and <c>auxiliary_head</c>. Normalised images (B, H, W, 3) of any height and width → logits (B, H, W, classes).
/// </summary>
public sealed class Segmenter : Module
{
    private readonly Fpn? _neck;

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    /// <exception cref="ArgumentException">No network can be like that; the message names the entry.</exception>
    public Segmenter(SegmenterConfig config)
    {
        Config = config;
        Backbone = AddChild("backbone", new FeatureExtractor(config.Backbone.CreateBackbone(), new FeatureExtractorOptions { Stages = config.OutIndices, KeepsStatistics = config.KeepsStatistics }));
        if (config.Neck is { } neck)
            _neck = AddChild("neck", new Fpn(neck));
        Head = AddChild("decode_head", config.Head.Create());
        if (config.AuxiliaryHead is { } auxiliary)
            AuxiliaryHead = AddChild("auxiliary_head", auxiliary.Create());
    }

    /// <summary>What the network was made from.</summary>
    public SegmenterConfig Config { get; }

    /// <summary>The backbone.</summary>
    public FeatureExtractor Backbone { get; }

    /// <summary>The head whose logits are the result.</summary>
    public DecodeHead Head { get; }

    /// <summary>The head that helps in training; null for none.</summary>
    public DecodeHead? AuxiliaryHead { get; }

    /// <summary>Width of the logits.</summary>
    public int NumClasses => Head.NumClasses;

    /// <summary>Pixels of which the sides of images are multiples so that every map and every window is full; other sizes are padded inside.</summary>
    public int SizeDivisor
    {
        get
        {
            IReadOnlyList<FeatureLevel> levels = Backbone.Backbone.Levels;
            int divisor = levels.Max(level => level.Stride);
            for (int stage = 0; Config.Backbone is SwinConfig { Windows: { } windows } && stage < levels.Count; stage++)
                divisor = LeastCommonMultiple(divisor, levels[stage].Stride * windows[stage]);
            return divisor;
        }
    }

    /// <summary>Logits at the resolution of the head, (B, h, w, classes).</summary>
    public Tensor ForwardLogits(Tensor images) => Call(new Pass(this, images), static pass => pass.Network.RunLogits(pass.Images), images);

    /// <summary>Logits of the head, and of the auxiliary head where there is one, at their resolutions.</summary>
    public Tensor[] ForwardHeads(Tensor images) => CallForSeveral(new Pass(this, images), static pass => pass.Network.RunHeads(pass.Images), images);

    /// <summary>Logits of every pixel of the images.</summary>
    protected override Tensor Run(Tensor x) => MapResize.Like(RunLogits(x), x, Config.Head.AlignCorners);

    private Tensor RunLogits(Tensor images) => Head.ForwardMaps(Maps(images));

    private Tensor[] RunHeads(Tensor images)
    {
        Tensor[] maps = Maps(images);
        return AuxiliaryHead is null ? [Head.ForwardMaps(maps)] : [Head.ForwardMaps(maps), AuxiliaryHead.ForwardMaps(maps)];
    }

    private Tensor[] Maps(Tensor images)
    {
        Tensor[] maps = Backbone.ForwardMaps(images);
        return _neck is null ? maps : _neck.ForwardMaps(maps);
    }

    private static int LeastCommonMultiple(int a, int b) => a / (int)BigInteger.GreatestCommonDivisor(a, b) * b;

    private readonly record struct Pass(Segmenter Network, Tensor Images);
}
