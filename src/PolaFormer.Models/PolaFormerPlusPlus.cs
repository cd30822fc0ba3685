using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// PolaFormer++: a convolutional stem, stages of polarity-aware linear attention with channel-wise spikiness and of
/// softmax attention, both with rotary positions (the authors' polaformer++/models/pola.py, POLA).
/// </summary>
public sealed class PolaFormerPlusPlus : VisionModel
{
    private static readonly (Initializer Weight, Initializer Bias) ConvInitialization = (Initializer.TruncatedNormal, Initializer.Zeros);

    private readonly PatchEmbed _patchEmbed;
    private readonly ModuleList<BasicLayer> _layers;
    private readonly ConvNorm _projection;
    private Conv2d _head;

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public PolaFormerPlusPlus(PolaFormerPlusPlusConfig config)
    {
        config.Validate();
        Config = config;
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        _patchEmbed = AddChild("patch_embed", new PatchEmbed(config.EmbedDims[0], config.StemReductions));
        _layers = AddChild("layers", new ModuleList<BasicLayer>(Enumerable.Range(0, config.Depths.Count).Select(i =>
        {
            int dim = config.EmbedDims[i], start = config.Depths.Take(i).Sum();
            bool isLast = i == config.Depths.Count - 1;
            return new BasicLayer(config.AttentionOf(i), AttentionShape.Grid(dim, config.NumHeads[i], config.Side(i), config.Side(i)), isLast ? null : config.EmbedDims[i + 1], (int)(config.MlpRatios[i] * dim), config.LayerScales[i] ? config.LayerInitValues[i] : null, dropPath.AsSpan(start, config.Depths[i]));
        })));
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
    protected override IEnumerable<Module> Blocks => _layers.SelectMany(stage => stage.Blocks);

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => [_projection.Convolution, _projection.Norm, _head];

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

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => _projection.Forward(features).Mean(1, 2);

    /// <inheritdoc/>
    protected override void OnFreeze() => _projection.Fold();

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) =>
        _head.Forward(pooled.Reshape(pooled.Shape[0], 1, 1, pooled.Shape[1])).Reshape(pooled.Shape[0], -1);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    /// <summary>The mechanism of a name, weights undefined: ReLU and focused attention with the rotary positions of this network, all others as registered.</summary>
    public static AttentionMechanism Mechanism(string name, AttentionShape shape) => name switch
    {
        "relu" => new RotaryReluLinearAttention(shape),
        "focused" => new RotaryFocusedAttention(shape),
        _ => AttentionRegistry.Find(name).Create(shape),
    };

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

            protected override void OnFreeze()
            {
                foreach (ConvNorm layer in _layers)
                    layer.Fold();
            }
        }
    }

    /// <summary>The blocks of one resolution, their rotary encodings and the reduction after them.</summary>
    internal sealed class BasicLayer : Module
    {
        private readonly ModuleList<Block> _blocks;
        private readonly PatchMerging? _downsample;

        /// <summary>Makes the stage.</summary>
        /// <param name="attention">Registered name of every block's attention.</param>
        /// <param name="shape">What the attention is made for; its grid binds those alone that have parameters for each token.</param>
        /// <param name="outDim">Channels after the reduction; null for none.</param>
        /// <param name="ffnDim">Hidden width of the feed-forward part.</param>
        /// <param name="layerInitValue">Start of the branches' scaling vectors; null for none.</param>
        /// <param name="dropPath">Drop-path probability of each block.</param>
        public BasicLayer(IReadOnlyList<string> attention, AttentionShape shape, int? outDim, int ffnDim, float? layerInitValue, ReadOnlySpan<float> dropPath)
        {
            var rotary = AddChild("RoPE", new RotaryEncoding(shape.Dim, shape.NumHeads));
            var rotaryLinear = AddChild("RoPE_linear", new RotaryEncoding(2 * shape.Dim, shape.NumHeads));
            var blocks = new List<Block>();
            for (int i = 0; i < attention.Count; i++)
            {
                AttentionMechanism mechanism = Mechanism(attention[i], shape);
                blocks.Add(new Block(mechanism, ffnDim, mechanism.RotaryDim == shape.HeadDim ? rotary : rotaryLinear, layerInitValue, dropPath[i]));
            }

            _blocks = AddChild("blocks", new ModuleList<Block>(blocks));
            if (outDim is { } channels)
                _downsample = AddChild("downsample", new PatchMerging(shape.Dim, channels));
        }

        /// <summary>The blocks.</summary>
        public IReadOnlyList<Block> Blocks => _blocks;

        /// <summary>The blocks alone.</summary>
        public Tensor RunBlocks(Tensor x) => _blocks.Forward(x);

        /// <summary>The reduction alone; nothing in the last stage.</summary>
        public Tensor Downsample(Tensor x) => _downsample is null ? x : _downsample.Forward(x);

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => Downsample(RunBlocks(x));
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
        protected override void OnFreeze()
        {
            if (_gamma1 is not null)
                _attention.FoldScale(_gamma1.AsSpan<float>());
            if (_gamma2 is not null)
                _ffn.FoldScale(_gamma2.AsSpan<float>());
        }

        private Tensor Add(Tensor residual, ProjectedModule branch, Tensor x, Parameter? gamma, DropPath dropPath) =>
            dropPath.Add(residual, branch, x, IsFrozen ? null : gamma);
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
        protected override void OnFreeze() => _reduction.Fold();
    }
}
