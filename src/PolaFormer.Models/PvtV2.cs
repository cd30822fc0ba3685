using System.Text.Json.Serialization;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// PVTv2: overlapping patches, a depthwise convolution in the feed-forward part instead of position encodings, a norm after
/// every stage (Wang et al., 2022, https://arxiv.org/abs/2106.13797; the authors' pvt_v2.py and FLatten's flatten_pvt_v2.py), with
/// any attention in its stages.
/// </summary>
public sealed class PvtV2 : VisionModel
{
    private Linear _head;

    /// <summary>What PVTv2 is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<PvtV2Config>("pvt_v2")
    {
        // Published figures: PVTv2's own authors' table, and PolaFormer's table 5.
        Entries =
        [
            new("pvt_v2_b0", new PvtV2Config { EmbedDims = [32, 64, 160, 256] }) { PaperParameters = 3.7, PaperMacs = 0.6 },
            new("pvt_v2_b1", new PvtV2Config()) { PaperParameters = 14, PaperMacs = 2.1 },
            new("pvt_v2_b2", new PvtV2Config { Depths = [3, 4, 6, 3] }) { PaperParameters = 25.36, PaperMacs = 4.04 },
            new("pvt_v2_b3", new PvtV2Config { Depths = [3, 4, 18, 3] }) { PaperParameters = 45.2 },
            new("pvt_v2_b4", new PvtV2Config { Depths = [3, 8, 27, 3] }) { PaperParameters = 62.6 },
            new("pvt_v2_b5", new PvtV2Config { Depths = [3, 6, 40, 3], MlpRatios = [4, 4, 4, 4] }) { PaperParameters = 82 },
            new("pola_pvt_v2_b0", new PvtV2Config { EmbedDims = [32, 64, 160, 256], Attention = ["polarity"] }) { PaperParameters = 3.4, PaperMacs = 0.6 },
            new("pola_pvt_v2_b1", new PvtV2Config { Attention = ["polarity"] }) { PaperParameters = 13, PaperMacs = 2.2 },
        ],
        TinyConfigs = () => new()
        {
            ["pvt_v2"] = new() { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], NumHeads = [2, 2], MlpRatios = [1, 1], Depths = [1, 1], SrRatios = [2, 1], LaSrRatios = [1, 1] },
        },
    };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public PvtV2(PvtV2Config config)
        : base(new PvtV2Backbone(config))
    {
        Config = config;
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override PvtV2Config Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => [_head];

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => features.Mean([1, 2]);

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) => _head.Forward(pooled);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    /// <summary>What PVTv2 starts convolutions from: normal with variance 2 over the outputs that an input reaches, and zero.</summary>
    internal static (Initializer Weight, Initializer Bias) ConvInitialization(int kernelSize, int outChannels) =>
        (Initializer.Normal(MathF.Sqrt(2f / (kernelSize * kernelSize * outChannels))), Initializer.Zeros);

    private Linear NewHead(int numClasses) => new(Config.EmbedDims[^1], numClasses, initialization: Linear.TransformerInitialization);
}

/// <summary>The stages of a PVTv2, with the norm behind each.</summary>
public sealed class PvtV2Backbone : Backbone
{
    private readonly PatchEmbed[] _patchEmbeds;
    private readonly ModuleList<TransformerBlock>[] _stages;
    private readonly LayerNorm[] _norms;

    /// <summary>Makes the stages with undefined weights.</summary>
    public PvtV2Backbone(PvtV2Config config)
    {
        config.Validate();
        Config = config;
        int stages = config.Depths.Count;
        (_patchEmbeds, _stages, _norms) = (new PatchEmbed[stages], new ModuleList<TransformerBlock>[stages], new LayerNorm[stages]);
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        for (int i = 0, block = 0; i < stages; i++)
        {
            int stage = i, dim = config.EmbedDims[i];
            _patchEmbeds[i] = AddChild($"patch_embed{i + 1}", i == 0 ? PatchEmbed.Overlapping(7, 4, 3, dim) : PatchEmbed.Overlapping(3, 2, config.EmbedDims[i - 1], dim));
            _stages[i] = AddChild($"block{i + 1}", new ModuleList<TransformerBlock>(
                Enumerable.Range(0, config.Depths[i]).Select(_ => NewBlock(config, stage, dropPath[block++]))));
            _norms[i] = AddChild($"norm{i + 1}", new LayerNorm(dim, TransformerBlock.DefaultEps));
        }
    }

    /// <inheritdoc/>
    public override PvtV2Config Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [.. Config.EmbedDims.Select((dim, stage) => new FeatureLevel(dim, 4 << stage))];

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _stages.SelectMany(stage => stage);

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) => part == 0
        ? [_patchEmbeds[0]]
        : part < _stages.Length ? [_stages[part - 1], _norms[part - 1], _patchEmbeds[part]] : [_stages[part - 1], _norms[part - 1]];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = images;
        for (int i = 0; i < _stages.Length; i++)
        {
            x = _patchEmbeds[i].Forward(x);
            if (i == 0)
                stages?.Add(("stem", x));
            x = _norms[i].Forward(_stages[i].Forward(x));
            stages?.Add(($"stage{i + 1}", x));
        }

        return x;
    }

    private static TransformerBlock NewBlock(PvtV2Config config, int stage, float dropPath)
    {
        int dim = config.EmbedDims[stage], side = config.Side(stage), reduction = config.ReductionOf(stage);
        AttentionShape shape = AttentionShape.Grid(dim, config.NumHeads[stage], side, side) with { KeyTokens = side * side / (reduction * reduction) };
        var attention = new PvtAttention(config.Mechanism(config.AttentionOf(stage), shape), config.QkvBias, reduction) { DropRate = config.DropRate };
        return new TransformerBlock(dim, attention, new ConvMlp(dim, config.MlpRatios[stage] * dim, config.DropRate), dropPath);
    }

    /// <summary>Widening, depthwise convolution, GELU, narrowing over (B, H, W, C).</summary>
    private sealed class ConvMlp : Module
    {
        private readonly Linear _fc1, _fc2;
        private readonly Local _local;
        private readonly Dropout _hiddenDropout, _dropout;

        public ConvMlp(int features, int hiddenFeatures, float dropRate)
        {
            _fc1 = AddChild("fc1", new Linear(features, hiddenFeatures, initialization: Linear.TransformerInitialization));
            _local = AddChild("dwconv", new Local(hiddenFeatures));
            _fc2 = AddChild("fc2", new Linear(hiddenFeatures, features, initialization: Linear.TransformerInitialization));
            (_hiddenDropout, _dropout) = (AddChild("drop1", new Dropout(dropRate)), AddChild("drop2", new Dropout(dropRate)));
        }

        protected override Tensor Run(Tensor x) => _dropout.Forward(_fc2.Forward(Hidden(x)));

        protected override Tensor RunOnto(Tensor residual, Tensor x) =>
            _dropout.IsActive ? base.RunOnto(residual, x) : _fc2.ForwardOnto(residual, Hidden(x));

        private Tensor Hidden(Tensor x) => _hiddenDropout.Forward(_local.Forward(_fc1.Forward(x)).Gelu());
    }

    // The authors' wrapper.
    private sealed class Local : Module
    {
        private readonly DepthwiseConv2d _convolution;

        public Local(int channels) => _convolution = AddChild("dwconv", new DepthwiseConv2d(channels, 3, initialization: PvtV2.ConvInitialization(3, 1)));

        protected override Tensor Run(Tensor x) => _convolution.Forward(x);
    }
}

/// <summary>Everything that tells one PVTv2 from another.</summary>
public sealed record PvtV2Config : PyramidConfig
{
    /// <inheritdoc/>
    public override int Side(int stage) => ImageSize / (4 << stage);

    /// <inheritdoc/>
    public override string AttentionOf(int stage) => NamedAttention(stage) ?? "softmax";

    /// <summary>
    /// The authors have not published their PVTv2; the sizes and work in their table 5 are those of all stages linear, without spatial
    /// reduction, with the gate projected, and without an encoding of positions, for which PVTv2 has its convolutions.
    /// </summary>
    [JsonIgnore]
    public override PolarityOptions PublishedPolarity => new() { HasPositions = false };

    /// <inheritdoc/>
    public override PvtV2 Create() => new(this);

    /// <inheritdoc/>
    public override PvtV2Backbone CreateBackbone() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireHeads();
    }
}
