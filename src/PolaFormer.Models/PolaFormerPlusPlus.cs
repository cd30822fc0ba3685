using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// PolaFormer++: a convolutional stem, stages of polarity-aware linear attention with channel-wise spikiness and of
/// softmax attention, both with rotary positions (the authors' polaformer++/models/pola.py, POLA).
/// </summary>
public sealed class PolaFormerPlusPlus : VisionModel
{
    private static readonly (Initializer Weight, Initializer Bias) ConvInitialization = (Initializer.TruncatedNormal, Initializer.Zeros);

    // What our networks for images of 32×32 pixels share; before the entries, which are made from it.
    private static readonly PolaFormerPlusPlusConfig Small = new()
    {
        ImageSize = 32,
        NumClasses = 10,
        StemReductions = 1,
        Flags = ["l", "l", "v"],
        LayerScales = [true, true, true],
        LayerInitValues = [1, 1, 1],
        Projection = 256,
        DropPathRate = 0,
    };

    private readonly ConvNorm _projection;
    private Conv2d _head;

    /// <summary>What PolaFormer++ is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<PolaFormerPlusPlusConfig>("polaformer_pp")
    {
        // Published figures: the authors' README.
        Entries =
        [
            Entry("polaformer_pp_b0", new() { EmbedDims = [32, 64, 128, 384], Depths = [2, 2, 2, 2], NumHeads = [1, 2, 4, 12] }) with { PaperParameters = 7, PaperMacs = 0.7 },
            Entry("polaformer_pp_b1", new() { EmbedDims = [32, 64, 192, 384], Depths = [2, 2, 4, 2], NumHeads = [1, 2, 6, 12] }) with { PaperParameters = 9, PaperMacs = 1.0 },
            Entry("polaformer_pp_b2", new() { EmbedDims = [64, 128, 256, 512], Depths = [2, 2, 6, 2], NumHeads = [1, 2, 4, 8] }) with { PaperParameters = 16, PaperMacs = 2.7 },
            Entry("polaformer_pp_b3", new() { EmbedDims = [64, 128, 320, 512], Depths = [3, 5, 9, 3], NumHeads = [1, 2, 5, 8], DropPathRate = 0.15f }) with { PaperParameters = 27, PaperMacs = 5.1 },
            Entry("polaformer_pp_b4", new() { EmbedDims = [96, 192, 384, 512], Depths = [4, 6, 12, 6], NumHeads = [1, 2, 6, 8], LayerInitValues = [1, 1, 1e-6f, 1e-6f], DropPathRate = 0.4f }) with { PaperParameters = 50, PaperMacs = 11 },
            Entry("polaformer_pp_b5", new() { EmbedDims = [96, 192, 448, 640], Depths = [4, 7, 19, 8], NumHeads = [1, 2, 7, 10], LayerInitValues = [1e-6f, 1e-6f, 1e-6f, 1e-6f], DropPathRate = 0.55f, Projection = 2560 }) with { PaperParameters = 97, PaperMacs = 18 },
            Entry("polaformer_pp_cifar", Small with { EmbedDims = [32, 80, 160], Depths = [1, 2, 2], NumHeads = [2, 5, 5], MlpRatios = [3, 3, 3], DropPathRate = 0.05f }),
            Entry("polaformer_pp_cifar_2m", Small with { EmbedDims = [64, 128, 192], Depths = [1, 2, 3], NumHeads = [2, 4, 6], MlpRatios = [2, 3, 3] }),
            Entry("polaformer_pp_photographs", Small with { StemReductions = 0, EmbedDims = [32, 128, 256], Depths = [0, 1, 1], ConvDepths = [0, 3, 2], NumHeads = [1, 4, 8], MlpRatios = [2, 2, 2] }),
        ],
        PublishedTypes = new Dictionary<string, string>
        {
            ["polab0"] = "polaformer_pp_b0",
            ["polab1"] = "polaformer_pp_b1",
            ["polab2"] = "polaformer_pp_b2",
            ["polab3"] = "polaformer_pp_b3",
            ["polab4"] = "polaformer_pp_b4",
            ["polab5"] = "polaformer_pp_b5",
        },
        TinyConfigs = () => new()
        {
            ["polaformer_pp"] = new() { ImageSize = 16, NumClasses = 3, EmbedDims = [8, 16], NumHeads = [2, 2], MlpRatios = [1, 1], Depths = [1, 1], Flags = ["l", "v"], LayerScales = [true, false], LayerInitValues = [1, 1], Projection = 8, StemReductions = 1 },
        },
        Described = keys => new()
        {
            EmbedDims = keys.Get<int[]>("PP.EMBED_DIMS"),
            Depths = keys.Get<int[]>("PP.DEPTHS"),
            NumHeads = keys.Get<int[]>("PP.NUM_HEADS"),
            MlpRatios = [.. keys.Get<double[]>("PP.MLP_RATIOS").Select(ratio => (float)ratio)],
            Flags = keys.Get<string[]>("PP.FLAGS"),
            LayerScales = keys.Get<bool[]>("PP.LAYER_SCALES"),
            LayerInitValues = [.. keys.Get<double[]>("PP.LAYER_INIT_VALUES").Select(value => (float)value)],
            Projection = keys.Get<int>("PP.PROJECTION"),
            StemReductions = keys.Get<int>("PP.STEM_REDUCTIONS"),
            ConvDepths = keys.Get<int[]>("PP.CONV_DEPTHS"),
        },
    };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public PolaFormerPlusPlus(PolaFormerPlusPlusConfig config)
        : base(new PolaFormerPlusPlusBackbone(config))
    {
        Config = config;
        _projection = new ConvNorm(
            AddChild("proj", new Conv2d(config.EmbedDims[^1], config.Projection, 1, initialization: ConvInitialization)),
            AddChild("norm", new BatchNorm2d(config.Projection)),
            Activation.Silu);
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override PolaFormerPlusPlusConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutChannels;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => [_projection.Convolution, _projection.Norm, _head];

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => _projection.Forward(features).Mean([1, 2]);

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _projection.Fold();

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) =>
        _head.Forward(pooled.Reshape(pooled.Shape[0], 1, 1, pooled.Shape[1])).Reshape(pooled.Shape[0], -1);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private static ModelEntry Entry(string name, PolaFormerPlusPlusConfig config) => new(name, config);

    private Conv2d NewHead(int numClasses) => new(Config.Projection, numClasses, 1, initialization: ConvInitialization);

    /// <summary>The stem: four 3×3 convolutions with batch norms, (B, H, W, 3) → (B, H / 4, W / 4, C).</summary>
    internal sealed class PatchEmbed : Module
    {
        private readonly Sequence _projection;

        /// <summary>Makes the stem.</summary>
        /// <param name="embedDim">Channels C.</param>
        /// <param name="reductions">How many of the first and last convolution have stride 2.</param>
        /// <param name="inChannels">Channels of the image.</param>
        public PatchEmbed(int embedDim, int reductions = 2, int inChannels = 3) =>
            _projection = AddChild("proj", new Sequence(inChannels, embedDim, reductions));

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => _projection.Forward(x);

        // Numbered as the authors' nn.Sequential: convolution, norm, activation three times, then convolution and norm.
        private sealed class Sequence : Module
        {
            private readonly ConvNorm[] _layers;

            public Sequence(int inChannels, int embedDim, int reductions)
            {
                int half = embedDim / 2;
                (int In, int Out, int Stride)[] plan =
                [
                    (inChannels, half, reductions >= 1 ? 2 : 1), (half, half, 1), (half, half, 1), (half, embedDim, reductions >= 2 ? 2 : 1),
                ];
                _layers = [.. plan.Select((layer, i) => new ConvNorm(
                    AddChild($"{3 * i}", new Conv2d(layer.In, layer.Out, 3, layer.Stride, 1, initialization: ConvInitialization)),
                    AddChild($"{(3 * i) + 1}", new BatchNorm2d(layer.Out)),
                    i < plan.Length - 1 ? Activation.Gelu : Activation.None))];
            }

            protected override Tensor Run(Tensor x) => _layers.Aggregate(x, (features, layer) => layer.Forward(features));

            protected override void OnOptimizeForInference()
            {
                foreach (ConvNorm layer in _layers)
                    layer.Fold();
            }
        }
    }

    /// <summary>The blocks of one resolution, their rotary encodings and the reduction after them.</summary>
    internal sealed class BasicLayer : Module
    {
        private readonly ModuleList<ResidualConv>? _convolutions;
        private readonly ModuleList<Block> _blocks;
        private readonly PatchMerging? _downsample;

        /// <summary>Makes the stage.</summary>
        /// <param name="mechanisms">Every block's attention.</param>
        /// <param name="shape">What the attention is made for; its grid binds those alone that have parameters for each token.</param>
        /// <param name="outDim">Channels after the reduction; null for none.</param>
        /// <param name="ffnDim">Hidden width of the feed-forward part.</param>
        /// <param name="layerInitValue">Start of the branches' scaling vectors; null for none.</param>
        /// <param name="dropPath">Drop-path probability of each block.</param>
        /// <param name="convDepth">Convolutions before the blocks.</param>
        public BasicLayer(IReadOnlyList<AttentionMechanism> mechanisms, AttentionShape shape, int? outDim, int ffnDim, float? layerInitValue, ReadOnlySpan<float> dropPath, int convDepth = 0)
        {
            if (convDepth > 0)
                _convolutions = AddChild("convs", new ModuleList<ResidualConv>(Enumerable.Range(0, convDepth).Select(_ => new ResidualConv(shape.Dim))));
            RotaryEncoding rotary = AddChild("RoPE", new RotaryEncoding(shape.Dim, shape.NumHeads));
            RotaryEncoding rotaryLinear = AddChild("RoPE_linear", new RotaryEncoding(2 * shape.Dim, shape.NumHeads));
            var blocks = new List<Block>();
            foreach (AttentionMechanism mechanism in mechanisms)
                blocks.Add(new Block(mechanism, ffnDim, mechanism.RotaryDim == shape.HeadDim ? rotary : rotaryLinear, layerInitValue, dropPath[blocks.Count]));

            _blocks = AddChild("blocks", new ModuleList<Block>(blocks));
            if (outDim is { } channels)
                _downsample = AddChild("downsample", new PatchMerging(shape.Dim, channels));
        }

        /// <summary>The blocks.</summary>
        public IReadOnlyList<Block> Blocks => _blocks;

        /// <summary>The convolutions and blocks, without the reduction.</summary>
        public Tensor RunBlocks(Tensor x) => _blocks.Forward(_convolutions is null ? x : _convolutions.Forward(x));

        /// <summary>The reduction alone; nothing in the last stage.</summary>
        public Tensor Downsample(Tensor x) => _downsample is null ? x : _downsample.Forward(x);

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => Downsample(RunBlocks(x));
    }

    /// <summary>
    /// x + GELU(norm(convolution(x))) with a 3×3 kernel, (B, H, W, C) → the same. Ours, for small networks and few images.
    /// </summary>
    internal sealed class ResidualConv : Module
    {
        private readonly ConvNorm _layer;

        /// <summary>Makes the layer for C channels.</summary>
        public ResidualConv(int dim) => _layer = new ConvNorm(
            AddChild("conv", new Conv2d(dim, dim, 3, 1, 1, initialization: ConvInitialization)),
            AddChild("norm", new BatchNorm2d(dim)),
            Activation.Gelu);

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => x + _layer.Forward(x);

        /// <inheritdoc/>
        protected override void OnOptimizeForInference() => _layer.Fold();
    }

    /// <summary>A block over (B, H, W, C): local position, attention, feed-forward.</summary>
    public sealed class Block : Module
    {
        private const float Eps = 1e-6f;

        private readonly Parameter? _gamma1, _gamma2;
        private readonly LayerNorm2d _norm1, _norm2;
        private readonly ProjectedModule _attention;
        private readonly DropPath _attentionDropPath, _ffnDropPath;
        private readonly FeedForwardNetwork _ffn;
        private readonly DepthwiseConv2d _position;

        /// <summary>Makes the block; <paramref name="rotary"/> belongs to the stage.</summary>
        public Block(AttentionMechanism mechanism, int ffnDim, RotaryEncoding rotary, float? layerInitValue, float dropPath = 0)
        {
            int embedDim = mechanism.Shape.Dim;
            if (layerInitValue is { } start)
            {
                _gamma1 = AddParameter("gamma_1", [1, embedDim, 1, 1], Initializer.Constant(start));
                _gamma2 = AddParameter("gamma_2", [1, embedDim, 1, 1], Initializer.Constant(start));
            }

            _norm1 = AddChild("norm1", new LayerNorm2d(embedDim, Eps));
            _attention = AddChild("attn", new GatedRotaryAttention(mechanism, rotary));
            _attentionDropPath = AddChild("drop_path", new DropPath(dropPath));
            _norm2 = AddChild("norm2", new LayerNorm2d(embedDim, Eps));
            _ffn = AddChild("ffn", new FeedForwardNetwork(embedDim, ffnDim));
            _ffnDropPath = AddChild("drop_path_ffn", new DropPath(dropPath));
            _position = AddChild("pos", new DepthwiseConv2d(embedDim, 3, addInput: true, ConvInitialization));
        }

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x)
        {
            x = _position.Forward(x);
            x = Add(x, _attention, _norm1.Forward(x), _gamma1, _attentionDropPath);
            return Add(x, _ffn, _norm2.Forward(x), _gamma2, _ffnDropPath);
        }

        /// <inheritdoc/>
        protected override void OnOptimizeForInference()
        {
            if (_gamma1 is not null)
                _attention.FoldScale(_gamma1);
            if (_gamma2 is not null)
                _ffn.FoldScale(_gamma2);
        }

        private Tensor Add(Tensor residual, ProjectedModule branch, Tensor x, Parameter? gamma, DropPath dropPath) =>
            dropPath.Add(residual, branch, x, IsOptimizedForInference ? null : gamma);
    }

    /// <summary>Layer norm over the channels, named as the authors' wrapper.</summary>
    internal sealed class LayerNorm2d : Module
    {
        private readonly LayerNorm _norm;

        /// <summary>Makes the layer.</summary>
        public LayerNorm2d(int dim, float eps = 1e-6f) => _norm = AddChild("norm", new LayerNorm(dim, eps));

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => _norm.Forward(x);
    }

    /// <summary>Widening, GELU, depthwise convolution with residual, narrowing.</summary>
    internal sealed class FeedForwardNetwork : ProjectedModule
    {
        private readonly Linear _fc1;
        private readonly DepthwiseConv2d _depthwise;

        /// <summary>Makes the layers.</summary>
        public FeedForwardNetwork(int embedDim, int ffnDim)
        {
            _fc1 = AddChild("fc1", new Linear(embedDim, ffnDim, activation: Activation.Gelu));
            Projection = AddChild("fc2", new Linear(ffnDim, embedDim));
            _depthwise = AddChild("dwconv", new DepthwiseConv2d(ffnDim, 3, addInput: true, ConvInitialization));
        }

        /// <inheritdoc/>
        protected override Linear Projection { get; }

        /// <inheritdoc/>
        protected override Tensor Mix(Tensor x) => _depthwise.Forward(_fc1.Forward(x));
    }

    /// <summary>A 3×3 convolution of stride 2 with batch norm: (B, H, W, C) → (B, ⌈H / 2⌉, ⌈W / 2⌉, out).</summary>
    internal sealed class PatchMerging : Module
    {
        private readonly ConvNorm _reduction;

        /// <summary>Makes the layer.</summary>
        public PatchMerging(int dim, int outDim) => _reduction = new ConvNorm(
            AddChild("reduction", new Conv2d(dim, outDim, 3, 2, 1, initialization: ConvInitialization)),
            AddChild("norm", new BatchNorm2d(outDim)));

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => _reduction.Forward(x);

        /// <inheritdoc/>
        protected override void OnOptimizeForInference() => _reduction.Fold();
    }
}

/// <summary>The stages of a PolaFormer++; every reduction rounds up.</summary>
public sealed class PolaFormerPlusPlusBackbone : Backbone
{
    private readonly PolaFormerPlusPlus.PatchEmbed _patchEmbed;
    private readonly ModuleList<PolaFormerPlusPlus.BasicLayer> _layers;

    /// <summary>Makes the stages with undefined weights.</summary>
    public PolaFormerPlusPlusBackbone(PolaFormerPlusPlusConfig config)
    {
        config.Validate();
        Config = config;
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        _patchEmbed = AddChild("patch_embed", new PolaFormerPlusPlus.PatchEmbed(config.EmbedDims[0], config.StemReductions));
        _layers = AddChild("layers", new ModuleList<PolaFormerPlusPlus.BasicLayer>(Enumerable.Range(0, config.Depths.Count).Select(i =>
        {
            int dim = config.EmbedDims[i], start = config.Depths.Take(i).Sum();
            bool isLast = i == config.Depths.Count - 1;
            AttentionShape shape = AttentionShape.Grid(dim, config.NumHeads[i], config.Side(i), config.Side(i));
            return new PolaFormerPlusPlus.BasicLayer([.. config.AttentionOf(i).Select(name => config.Mechanism(name, shape))], shape, isLast ? null : config.EmbedDims[i + 1], (int)(config.MlpRatios[i] * dim), config.LayerScales[i] ? config.LayerInitValues[i] : null, dropPath.AsSpan(start, config.Depths[i]), config.ConvDepths.ElementAtOrDefault(i));
        })));
    }

    /// <inheritdoc/>
    public override PolaFormerPlusPlusConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [.. Config.EmbedDims.Select((dim, stage) => new FeatureLevel(dim, 1 << (Config.StemReductions + stage)))];

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _layers.SelectMany(stage => stage.Blocks);

    /// <summary>A layer norm over the channels, of every stage, whether its map is used or not.</summary>
    protected internal override (string Name, Module Norm)? NewOutputNorm(int stage, bool isUsed) =>
        ($"extra_norms.{stage}", new PolaFormerPlusPlus.LayerNorm2d(Config.EmbedDims[stage]));

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) => part == 0 ? [_patchEmbed] : [_layers[part - 1]];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = _patchEmbed.Forward(images);
        stages?.Add(("stem", x));
        for (int i = 0; i < _layers.Count; i++)
        {
            x = _layers[i].RunBlocks(x);
            stages?.Add(($"stage{i + 1}", x));
            x = _layers[i].Downsample(x);
        }

        return x;
    }
}

/// <summary>Everything that tells one PolaFormer++ from another. Any image size works: positions are rotary. Lists hold one entry a stage.</summary>
public sealed record PolaFormerPlusPlusConfig : VisionModelConfig
{
    /// <summary>Channels.</summary>
    public IReadOnlyList<int> EmbedDims { get; init; } = [32, 64, 128, 384];

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 2, 2];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [1, 2, 4, 12];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public IReadOnlyList<float> MlpRatios { get; init; } = [3.5f, 3.5f, 3.5f, 3.5f];

    /// <summary>Attention of every block of each stage where <see cref="VisionModelConfig.Attention"/> names none: l (polarity, linear), v (softmax), r (ReLU, linear) or f (focused, linear). One letter holds for the whole stage.</summary>
    public IReadOnlyList<string> Flags { get; init; } = ["l", "l", "v", "v"];

    /// <summary>Whether the branches of the blocks are scaled by learned vectors.</summary>
    public IReadOnlyList<bool> LayerScales { get; init; } = [true, true, true, true];

    /// <summary>Where the scaling vectors start.</summary>
    public IReadOnlyList<float> LayerInitValues { get; init; } = [1, 1, 1, 1];

    /// <summary>Channels before the classifier.</summary>
    public int Projection { get; init; } = 2048;

    /// <summary>Resolution halvings in the stem: 2 as published, 1 or 0 for small images.</summary>
    public int StemReductions { get; init; } = 2;

    /// <summary>Residual 3×3 convolutions with batch norm before the blocks of a stage, ours; empty for none, as published.</summary>
    public IReadOnlyList<int> ConvDepths { get; init; } = [];

    /// <summary>A backbone that a processor trains in minutes; ours, of the small detectors and segmentation networks.</summary>
    public static PolaFormerPlusPlusConfig Nano { get; } = new()
    {
        EmbedDims = [16, 32, 64, 128],
        Depths = [1, 1, 2, 1],
        NumHeads = [1, 1, 2, 4],
        MlpRatios = [3, 3, 3, 3],
        DropPathRate = 0,
    };

    /// <summary>Side of the grid of tokens of a stage: every reduction rounds up.</summary>
    public int Side(int stage) => Enumerable.Range(0, StemReductions + stage).Aggregate(ImageSize, (side, _) => (side + 1) / 2);

    /// <summary>Registered name of the attention of every block of a stage.</summary>
    /// <exception cref="ArgumentException">A flag is unknown.</exception>
    public string[] AttentionOf(int stage)
    {
        if (NamedAttention(stage) is { } name)
            return [.. Enumerable.Repeat(name, Depths[stage])];
        string flags = Flags[stage].Length == 1 ? new string(Flags[stage][0], Depths[stage]) : Flags[stage];
        return [.. flags.Select(AttentionOf)];
    }

    /// <summary>The attention that a letter of <see cref="Flags"/> stands for.</summary>
    /// <exception cref="ArgumentException">The letter is unknown.</exception>
    public static string AttentionOf(char flag) => flag switch
    {
        'l' => "polarity++",
        'v' => "softmax",
        'r' => "relu",
        'f' => "focused",
        _ => throw new ArgumentException($"Attention flag '{flag}' is none of l (polarity), v (softmax), r (ReLU) and f (focused)."),
    };

    // The rotary encoding and the layer's own convolution stand in for those of focused attention.
    /// <inheritdoc/>
    protected override AttentionOptions AttentionDefaults => new() { ["encoding"] = false, ["convolution"] = false };

    /// <inheritdoc/>
    public override PolaFormerPlusPlus Create() => new(this);

    /// <inheritdoc/>
    public override PolaFormerPlusPlusBackbone CreateBackbone() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        ShapeLimits.RequireModel(ImageSize, NumClasses, DropPathRate, Depths, NumHeads);
        ShapeLimits.Require(Projection, 1, ShapeLimits.Channels);
        ShapeLimits.Require(StemReductions, 0, 2);
        ShapeLimits.RequireEach(EmbedDims, stages, 4, ShapeLimits.Channels);
        ShapeLimits.RequireEach(MlpRatios, stages, 0.25f, ShapeLimits.Ratio);
        ShapeLimits.RequireCount(LayerScales, stages);
        ShapeLimits.RequireCount(LayerInitValues, stages);
        ShapeLimits.RequireCount(Flags, stages);
        if (ConvDepths.Count > 0)
            ShapeLimits.RequireEach(ConvDepths, stages, 0, ShapeLimits.Depth);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
        {
            ShapeLimits.RequireHeads(i, EmbedDims[i], NumHeads[i], 4);
            if (Flags[i] is null || (Flags[i].Length != 1 && Flags[i].Length != Depths[i]))
                throw new ArgumentException($"Flags of stage {i + 1}: give one letter, or one for each of its {Depths[i]} blocks.");
        }
    }
}
