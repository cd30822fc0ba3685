using System.Text.Json.Serialization;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// The Swin Transformer (Liu et al., ICCV 2021, https://arxiv.org/abs/2103.14030; the authors' swin_transformer.py) and Pola-Swin,
/// the same with polarity-aware linear attention, or any other, in some stages (PolaFormer, ICLR 2025,
/// https://arxiv.org/abs/2501.15061; the authors' models/pola_swin.py).
/// </summary>
public sealed class Swin : VisionModel
{
    private readonly LayerNorm _norm;
    private Linear _head;

    /// <summary>What Swin is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<SwinConfig>("pola_swin")
    {
        // Published figures: PolaFormer's table 1, and Swin's own authors' table.
        Entries =
        [
            Pola("pola_swin_tiny", 224, 96, [2, 2, 6, 2], [3, 6, 12, 24], 56, 0.2f) with { PaperParameters = 29, PaperMacs = 4.5 },
            Pola("pola_swin_small", 224, 96, [2, 2, 18, 2], [3, 6, 12, 24], 56, 0.3f) with { PaperParameters = 50, PaperMacs = 8.7 },
            Pola("pola_swin_base", 224, 128, [2, 2, 18, 2], [4, 8, 16, 32], 56, 0.5f) with { PaperParameters = 88, PaperMacs = 15.4 },
            Pola("pola_swin_small_384", 384, 96, [2, 2, 18, 2], [3, 6, 12, 24], 96, 0.3f) with { PaperParameters = 50, PaperMacs = 25.5 },
            Pola("pola_swin_base_384", 384, 128, [2, 2, 18, 2], [4, 8, 16, 32], 96, 0.5f),
            Plain("swin_tiny", 96, [2, 2, 6, 2], [3, 6, 12, 24], 0.2f) with { PaperParameters = 28, PaperMacs = 4.5 },
            Plain("swin_small", 96, [2, 2, 18, 2], [3, 6, 12, 24], 0.3f) with { PaperParameters = 50, PaperMacs = 8.7 },
            Plain("swin_base", 128, [2, 2, 18, 2], [4, 8, 16, 32], 0.5f) with { PaperParameters = 88, PaperMacs = 15.4 },
        ],
        TinyConfigs = () => new()
        {
            ["swin"] = new() { ImageSize = 32, NumClasses = 3, EmbedDim = 8, NumHeads = [2, 2], MlpRatio = 1, Depths = [2, 1], WindowSize = 4, SoftmaxWindowSize = 4, AttnType = "SS" },
        },
        Described = keys => new()
        {
            PatchSize = keys.Get<int>("SWIN.PATCH_SIZE"),
            EmbedDim = keys.Get<int>("SWIN.EMBED_DIM"),
            Depths = keys.Get<int[]>("SWIN.DEPTHS"),
            NumHeads = keys.Get<int[]>("SWIN.NUM_HEADS"),
            WindowSize = keys.Get<int>("SWIN.WINDOW_SIZE"),
            MlpRatio = (float)keys.Get<double>("SWIN.MLP_RATIO"),
            QkvBias = keys.Get<bool>("SWIN.QKV_BIAS"),
            AbsolutePosition = keys.Get<bool>("SWIN.APE"),
            PatchNorm = keys.Get<bool>("SWIN.PATCH_NORM"),
            AttnType = keys.Get<string>("LA.ATTN_TYPE"),
        },
    };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public Swin(SwinConfig config)
        : base(new SwinBackbone(config))
    {
        Config = config;
        _norm = AddChild("norm", new LayerNorm(FinalDim));
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override SwinConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    private int FinalDim => Config.EmbedDim << (Config.Depths.Count - 1);

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => [_norm, _head];

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => _norm.Forward(features).Mean([1, 2]);

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) => _head.Forward(pooled);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private static ModelEntry Pola(string name, int imageSize, int embedDim, int[] depths, int[] heads, int window, float dropPath) => new(name, new SwinConfig
    {
        ImageSize = imageSize,
        EmbedDim = embedDim,
        Depths = depths,
        NumHeads = heads,
        WindowSize = window,
        DropPathRate = dropPath,
    });

    private static ModelEntry Plain(string name, int embedDim, int[] depths, int[] heads, float dropPath) => new(name, new SwinConfig
    {
        EmbedDim = embedDim,
        Depths = depths,
        NumHeads = heads,
        WindowSize = 7,
        SoftmaxWindowSize = 7,
        AttnType = "SSSS",
        DropPathRate = dropPath,
    });

    private Linear NewHead(int numClasses) => new(FinalDim, numClasses, initialization: Linear.TransformerInitialization);

    /// <summary>The blocks of one resolution and the merging of patches after them.</summary>
    internal sealed class Stage : Module
    {
        private readonly ModuleList<Block> _blocks;
        private readonly PatchMerging? _downsample;

        /// <summary>Makes stage <paramref name="index"/> of a network.</summary>
        public Stage(SwinConfig config, int index, ReadOnlySpan<float> dropPath)
        {
            int dim = config.EmbedDim << index, side = config.ImageSize / (config.PatchSize << index);
            string[] names = config.AttentionOf(index);
            var blocks = new List<Block>();
            for (int i = 0; i < names.Length; i++)
            {
                string name = names[i];
                Func<AttentionShape, AttentionMechanism> attention = shape => config.Mechanism(name, shape);
                if (config.Windows is { } windows)
                {
                    // Linear blocks do not shift their windows, which cover all of the grid that their weights were made for.
                    int shift = i % 2 == 1 && AttentionRegistry.Find(name).Reach == AttentionReach.Window ? windows[index] / 2 : 0;
                    blocks.Add(new Block(attention, dim, config.NumHeads[index], windows[index], shift, null, config.MlpRatio, config.QkvBias, dropPath[i], config.DropRate));
                    continue;
                }

                int window = config.WindowOf(name);
                blocks.Add(new Block(attention, dim, side, side, config.NumHeads[index], window, i % 2 == 0 ? 0 : window / 2, config.MlpRatio, config.QkvBias, dropPath[i], config.DropRate));
            }

            _blocks = AddChild("blocks", new ModuleList<Block>(blocks));
            if (index < config.Depths.Count - 1)
                _downsample = AddChild("downsample", new PatchMerging(dim));
        }

        /// <summary>The blocks.</summary>
        public IReadOnlyList<Block> Blocks => _blocks;

        /// <summary>The blocks alone.</summary>
        public Tensor RunBlocks(Tensor x) => _blocks.Forward(x);

        /// <summary>The merging alone; nothing in the last stage.</summary>
        public Tensor Downsample(Tensor x) => _downsample is null ? x : _downsample.Forward(x);

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x) => Downsample(RunBlocks(x));
    }

    /// <summary>
    /// A block of attention in (shifted) windows over (B, H, W, C). Maps of another resolution than it was made for are padded by
    /// zeros behind the first norm, so that windows tile them.
    /// </summary>
    public sealed class Block : Module
    {
        private readonly WindowPartition _window;
        private readonly int _shift;
        private readonly (int Height, int Width)? _madeFor;
        private readonly Tensor? _mask;
        private readonly LayerNorm _norm1, _norm2;
        private readonly SelfAttention _attention;
        private readonly DropPath _attentionDropPath, _mlpDropPath;
        private readonly Mlp _mlp;

        /// <summary>Makes the block for a fixed resolution in tokens. A window that covers the resolution is cut to it and not shifted.</summary>
        public Block(Func<AttentionShape, AttentionMechanism> attention, int dim, int height, int width, int numHeads, int windowSize, int shiftSize, float mlpRatio = 4, bool qkvBias = true, float dropPath = 0, float dropRate = 0)
            : this(attention, dim, numHeads, Math.Min(windowSize, Math.Min(height, width)), Math.Min(height, width) <= windowSize ? 0 : shiftSize, (height, width), mlpRatio, qkvBias, dropPath, dropRate)
        {
        }

        /// <summary>Makes the block for windows of a fixed size.</summary>
        /// <param name="attention">Makes the mechanism.</param>
        /// <param name="dim">Channels C.</param>
        /// <param name="numHeads">Heads.</param>
        /// <param name="window">Side of the windows in tokens.</param>
        /// <param name="shift">Tokens by which the map is rolled before it is cut.</param>
        /// <param name="resolution">The grid of tokens that the shift's mask is stored for; null for none.</param>
        /// <param name="mlpRatio">Hidden width of the feed-forward part in C.</param>
        /// <param name="qkvBias">Whether the projections have a bias.</param>
        /// <param name="dropPath">Chance that a branch is dropped in training.</param>
        /// <param name="dropRate">Chance that an element is dropped in training.</param>
        internal Block(Func<AttentionShape, AttentionMechanism> attention, int dim, int numHeads, int window, int shift, (int Height, int Width)? resolution, float mlpRatio, bool qkvBias, float dropPath, float dropRate)
        {
            (_window, _shift, _madeFor) = (new WindowPartition(window, window), shift, resolution);
            if (resolution is { } grid && (grid.Height % window != 0 || grid.Width % window != 0))
                throw new ArgumentException($"Windows of {window}×{window} do not tile {grid.Height}×{grid.Width} tokens; choose an image size whose token grid is a multiple of the window.");

            // Registered for every shifted block, though only attention with scores reads it.
            if (resolution is { } made && shift > 0)
                _mask = AddBuffer("attn_mask", ShiftMask(made.Height, made.Width, window, shift), StateTraits.Derived);
            _norm1 = AddChild("norm1", new LayerNorm(dim));
            AttentionMechanism mechanism = attention(AttentionShape.Grid(dim, numHeads, window, window) with { IsWindow = true });
            _attention = AddChild("attn", new SelfAttention(mechanism, qkvBias) { DropRate = dropRate });
            _attentionDropPath = AddChild("drop_path", new DropPath(dropPath));
            _norm2 = AddChild("norm2", new LayerNorm(dim));
            _mlp = AddChild("mlp", new Mlp(dim, (int)(dim * mlpRatio), dropRate));
            _mlpDropPath = AddChild("drop_path_mlp", new DropPath(dropPath));
        }

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x)
        {
            Tensor y = _window.Padded(_norm1.Forward(x));
            (int height, int width) = (y.Shape[1], y.Shape[2]);
            var grid = new WindowGrid(_window.Rows(height), _window.Columns(width), _shift);
            if (_shift > 0)
                y = y.Roll(1, -_shift).Roll(2, -_shift);
            y = _window.Joined(_attention.Forward(_window.Cut(y), grid, _shift > 0 ? Mask(height, width) : null), height, width);
            if (_shift > 0)
                y = y.Roll(1, _shift).Roll(2, _shift);
            x = _attentionDropPath.Add(x, WindowPartition.Cropped(y, x.Shape[1], x.Shape[2]));
            return _mlpDropPath.Add(x, _mlp, _norm2.Forward(x));
        }

        // That of the resolution which the block was made for is stored.
        private Tensor Mask(int height, int width)
        {
            int window = _window.Height;
            return _madeFor == (height, width) ? _mask! : ShiftMask(height, width, window, _shift);
        }

        /// <summary>
        /// Scores between tokens that a cyclic shift has brought into one window but that are no neighbours in the image:
        /// −100, else 0. (windows, w², w²).
        /// </summary>
        public static Tensor ShiftMask(int height, int width, int window, int shift)
        {
            int columns = width / window, count = height / window * columns, tokens = window * window;
            int[] region = new int[tokens];
            float[] mask = new float[count * tokens * tokens];
            for (int w = 0; w < count; w++)
            {
                for (int t = 0; t < tokens; t++)
                {
                    int row = (w / columns * window) + (t / window), column = (w % columns * window) + (t % window);
                    region[t] = (3 * Band(row, height, window, shift)) + Band(column, width, window, shift);
                }

                for (int pair = 0; pair < tokens * tokens; pair++)
                    mask[(w * tokens * tokens) + pair] = region[pair / tokens] == region[pair % tokens] ? 0 : -100;
            }

            return Tensor.From(mask, [count, tokens, tokens]);
        }

        private static int Band(int position, int extent, int window, int shift) =>
            position < extent - window ? 0 : position < extent - shift ? 1 : 2;
    }

    /// <summary>Four neighbouring tokens to one: (B, H, W, C) → (B, ⌈H / 2⌉, ⌈W / 2⌉, 2·C), zeros beside an odd edge.</summary>
    internal sealed class PatchMerging : Module
    {
        private readonly LayerNorm _norm;
        private readonly Linear _reduction;

        /// <summary>Makes the layer.</summary>
        public PatchMerging(int dim)
        {
            _reduction = AddChild("reduction", new Linear(4 * dim, 2 * dim, bias: false, Linear.TransformerInitialization));
            _norm = AddChild("norm", new LayerNorm(4 * dim));
        }

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x)
        {
            x = new WindowPartition(2, 2).Padded(x);
            (int batch, int height, int width, int dim) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);

            // Channel order of the authors: (row, column) offsets (0,0), (1,0), (0,1), (1,1).
            Tensor merged = x.Reshape(batch, height / 2, 2, width / 2, 2, dim).Permute(0, 1, 3, 4, 2, 5);
            return _reduction.Forward(_norm.Forward(merged.Reshape(batch, height / 2, width / 2, 4 * dim)));
        }
    }
}

/// <summary>The stages of a Swin. Images, windows and merged patches are padded at their right and lower edge.</summary>
public sealed class SwinBackbone : Backbone
{
    private readonly Parameter? _absolutePosition;
    private readonly PatchEmbed _patchEmbed;
    private readonly Dropout _posDrop;
    private readonly ModuleList<Swin.Stage> _layers;

    /// <summary>Makes the stages with undefined weights.</summary>
    public SwinBackbone(SwinConfig config)
    {
        config.Validate();
        Config = config;
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        if (config.AbsolutePosition)
            _absolutePosition = AddParameter("absolute_pos_embed", [1, Side * Side, config.EmbedDim], Initializer.TruncatedNormal, StateTraits.NoDecay | StateTraits.Positions);
        _patchEmbed = AddChild("patch_embed", new PatchEmbed(config.PatchSize, 3, config.EmbedDim, config.PatchNorm));
        _posDrop = AddChild("pos_drop", new Dropout(config.DropRate));
        _layers = AddChild("layers", new ModuleList<Swin.Stage>(Enumerable.Range(0, config.Depths.Count).Select(i =>
        {
            int start = config.Depths.Take(i).Sum();
            return new Swin.Stage(config, i, dropPath.AsSpan(start, config.Depths[i]));
        })));
    }

    /// <inheritdoc/>
    public override SwinConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [.. Config.Depths.Select((_, stage) => new FeatureLevel(Config.EmbedDim << stage, Config.PatchSize << stage))];

    private int Side => Config.ImageSize / Config.PatchSize;

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _layers.SelectMany(stage => stage.Blocks);

    /// <inheritdoc/>
    protected internal override (string Name, Module Norm)? NewOutputNorm(int stage, bool isUsed) =>
        isUsed ? ($"norm{stage}", new LayerNorm(Config.EmbedDim << stage)) : null;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) => part == 0 ? [_patchEmbed, _posDrop] : [_layers[part - 1]];

    /// <inheritdoc/>
    protected override IEnumerable<Parameter> PartParameters(int part) => part == 0 && _absolutePosition is not null ? [_absolutePosition] : [];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = _patchEmbed.Forward(new WindowPartition(Config.PatchSize, Config.PatchSize).Padded(images));
        if (_absolutePosition is not null)
            x = x + GridPositions.Resize(_absolutePosition, (Side, Side), (x.Shape[1], x.Shape[2]), mode: InterpolationMode.Bicubic).Reshape(1, x.Shape[1], x.Shape[2], x.Shape[3]);
        x = _posDrop.Forward(x);
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

/// <summary>Everything that tells one Swin from another: the original, Pola-Swin, FLatten-Swin. Lists hold one entry a stage.</summary>
public sealed record SwinConfig : TransformerConfig
{
    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels of the first stage; each later stage doubles them.</summary>
    public int EmbedDim { get; init; } = 96;

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [2, 2, 6, 2];

    /// <summary>Attention heads.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [3, 6, 12, 24];

    /// <summary>Window of attention in tokens, but for that of softmax blocks.</summary>
    public int WindowSize { get; init; } = 56;

    /// <summary>Window of softmax blocks in tokens; 0 for PolaFormer's: 7, or 12 where <see cref="WindowSize"/> is above 56.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int SoftmaxWindowSize { get; init; }

    /// <summary>
    /// Windows of the stages in tokens for dense prediction, the same at every image size; only windows of softmax are shifted then.
    /// Null for those of <see cref="WindowSize"/> and <see cref="SoftmaxWindowSize"/>, cut to the classifier's grid.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Windows { get; init; }

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Attention of each stage where <see cref="VisionModelConfig.Attention"/> names none: L (polarity), S (softmax with relative positions), or Mk: the first k blocks L, the others S.</summary>
    public string AttnType { get; init; } = "LLSS";

    /// <summary>Whether a learned vector is added to each of the first patches; the published models have none.</summary>
    public bool AbsolutePosition { get; init; }

    /// <summary>Whether the first patches pass a layer norm.</summary>
    public bool PatchNorm { get; init; } = true;

    /// <summary>Window of a block whose attention has the given name.</summary>
    public int WindowOf(string attention) => AttentionRegistry.Find(attention).Reach != AttentionReach.Window ? WindowSize : SoftmaxWindowSize > 0 ? SoftmaxWindowSize : WindowSize <= 56 ? 7 : 12;

    /// <summary>Registered name of the attention of every block of a stage.</summary>
    /// <exception cref="ArgumentException"><see cref="AttnType"/> does not describe every stage.</exception>
    public string[] AttentionOf(int stage)
    {
        if (NamedAttention(stage) is { } name)
            return [.. Enumerable.Repeat(name, Depths[stage])];
        int position = 0;
        for (int i = 0; position < AttnType.Length; i++)
        {
            char type = AttnType[position++];
            int digits = position;
            while (type == 'M' && position < AttnType.Length && char.IsAsciiDigit(AttnType[position]))
                position++;
            if (type is not ('L' or 'S' or 'M') || (type == 'M' && digits == position))
                break;
            if (i < stage)
                continue;
            int polarity = type switch { 'L' => Depths[stage], 'S' => 0, _ => int.TryParse(AttnType.AsSpan(digits, position - digits), out int blocks) ? blocks : Depths[stage] };
            return [.. Enumerable.Range(0, Depths[stage]).Select(block => block < polarity ? "polarity" : "window")];
        }

        throw new ArgumentException($"Attention types '{AttnType}' do not describe stage {stage + 1}: give L, S or M with a number of blocks for each of the {Depths.Count} stages.");
    }

    /// <inheritdoc/>
    public override Swin Create() => new(this);

    /// <inheritdoc/>
    public override SwinBackbone CreateBackbone() => new(this);

    /// <summary>
    /// With windows that do not depend on the image: of linear blocks those that the classifier's weights were made for, of softmax
    /// blocks their own.
    /// </summary>
    public override SwinConfig ForDensePrediction() => this with
    {
        Windows = Windows ?? [.. Depths.Select((_, stage) => AttentionOf(stage).Select(name => DenseWindow(name, ImageSize / (PatchSize << stage))).Max())],
    };

    private int DenseWindow(string attention, int side) =>
        AttentionRegistry.Find(attention).Reach == AttentionReach.Window ? WindowOf(attention) : Math.Min(side, WindowOf(attention));

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(WindowSize, 1, ShapeLimits.ImageSize);
        ShapeLimits.Require(SoftmaxWindowSize, 0, ShapeLimits.ImageSize);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels >> (stages - 1));
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        if (Windows is not null)
            ShapeLimits.RequireEach(Windows, stages, 1, ShapeLimits.ImageSize);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
            ShapeLimits.RequireHeads(i, EmbedDim << i, NumHeads[i]);
    }
}
