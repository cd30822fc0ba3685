using System.Globalization;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// CSWin: half the heads attend in upright stripes, half in level ones, with a local term of the values (Dong et al., CVPR 2022,
/// https://arxiv.org/abs/2107.00652; FLatten's flatten_cswin.py), with any attention in the stripes of its stages.
/// </summary>
public sealed class CSWin : VisionModel
{
    private readonly LayerNorm _norm;
    private Linear _head;

    /// <summary>What CSWin is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<CSWinConfig>("cswin")
    {
        // Published figures: the authors' table.
        Entries = [new("cswin_tiny", new CSWinConfig { DropPathRate = 0.2f }) { PaperParameters = 23, PaperMacs = 4.3 }],
        TinyConfigs = () => new()
        {
            ["cswin"] = new() { ImageSize = 32, NumClasses = 3, EmbedDim = 8, NumHeads = [2, 2], MlpRatio = 1, Depths = [1, 1], SplitSizes = [2, 4], LaSplitSizes = [4, 4] },
        },
        Changed = (published, keys) => published with { LaSplitSizes = Widths(keys, "LA.CSWIN_LA_SPLIT_SIZE") },
    };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public CSWin(CSWinConfig config)
        : base(new CSWinBackbone(config))
    {
        Config = config;
        _norm = AddChild("norm", new LayerNorm(FinalDim));
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override CSWinConfig Config { get; }

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

    private static int[] Widths(IModelKeys keys, string key) =>
    [
        .. keys.Get<string>(key).Split('-').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            ? width
            : throw keys.Wrong(key, $"'{keys.Get<string>(key)}' is no list of widths with dashes between, such as 56-28-14-7.")),
    ];

    private Linear NewHead(int numClasses) => new(FinalDim, numClasses, initialization: Linear.TransformerInitialization);

    // Numbered as the authors' nn.Sequential, whose second part only reshapes.
    internal sealed class Stem : Module
    {
        private readonly Conv2d _projection;
        private readonly LayerNorm _norm;

        public Stem(int dim) => (_projection, _norm) = (AddChild("0", new Conv2d(3, dim, 7, 4, 2)), AddChild("2", new LayerNorm(dim)));

        protected override Tensor Run(Tensor x) => _norm.Forward(_projection.Forward(x));
    }

    // (B, H, W, C) → (B, ⌈H / 2⌉, ⌈W / 2⌉, 2·C).
    internal sealed class Merging : Module
    {
        private readonly Conv2d _convolution;
        private readonly LayerNorm _norm;

        public Merging(int dim) => (_convolution, _norm) = (AddChild("conv", new Conv2d(dim, 2 * dim, 3, 2, 1)), AddChild("norm", new LayerNorm(2 * dim)));

        protected override Tensor Run(Tensor x) => _norm.Forward(_convolution.Forward(x));
    }

    // Attention in stripes and the feed-forward part, over (B, H, W, C).
    internal sealed class Block : Module
    {
        private readonly int _split;
        private readonly LayerNorm _norm1, _norm2;
        private readonly Linear _joint, _projection;
        private readonly ModuleList<Stripes> _stripes;
        private readonly Mlp _mlp;
        private readonly Dropout _dropout;
        private readonly DropPath _attentionDropPath, _mlpDropPath;

        public Block(CSWinConfig config, int stage, float dropPath)
        {
            int dim = config.EmbedDim << stage, side = config.Side(stage), split = config.SplitOf(stage), branches = split == side ? 1 : 2;
            _split = split;
            AttentionMechanism[] mechanisms = [.. Enumerable.Range(0, branches).Select(i => config.Mechanism(
                config.AttentionOf(stage), AttentionShape.Grid(dim / branches, config.NumHeads[stage] / branches, i == 0 ? side : split, i == 0 ? split : side)))];
            bool isGated = mechanisms[0].Traits.HasFlag(AttentionTraits.Gated);
            _joint = AddChild(isGated ? "qkvg" : "qkv", new Linear(dim, (isGated ? 4 : 3) * dim, config.QkvBias, Linear.TransformerInitialization));
            _norm1 = AddChild("norm1", new LayerNorm(dim));
            _projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
            _dropout = AddChild("proj_drop", new Dropout(config.DropRate));
            _stripes = AddChild("attns", new ModuleList<Stripes>(mechanisms.Select((mechanism, i) => new Stripes(mechanism, branches == 1 || i == 0 ? null : split, branches == 1 || i == 1 ? null : split))));
            _attentionDropPath = AddChild("drop_path", new DropPath(dropPath));
            _mlp = AddChild("mlp", new Mlp(dim, (int)(dim * config.MlpRatio), config.DropRate));
            _norm2 = AddChild("norm2", new LayerNorm(dim));
            _mlpDropPath = AddChild("drop_path_mlp", new DropPath(dropPath));
        }

        protected override Tensor Run(Tensor x)
        {
            x = _attentionDropPath.Add(x, _dropout.Forward(_projection.Forward(Attended(_joint.Forward(_norm1.Forward(x))))));
            return _mlpDropPath.Add(x, _mlp, _norm2.Forward(x));
        }

        // Queries, keys, values and gate each half for either kind of stripes: (B, H, W, 3·C or 4·C) → (B, H, W, C).
        private Tensor Attended(Tensor joint)
        {
            if (_stripes.Count == 1)
                return _stripes[0].Forward(joint);
            (int height, int width) = (joint.Shape[1], joint.Shape[2]);
            joint = new WindowPartition(_split, _split).Padded(joint);
            int dim = _projection.OutFeatures, parts = joint.Shape[3] / dim, pixels = joint.Shape[1] * joint.Shape[2];
            Tensor halves = joint.Reshape(joint.Shape[0], pixels, parts, 2, dim / 2);
            Tensor attended = Tensor.Concat(3, [.. _stripes.Select((stripes, i) => stripes.Forward(halves.Slice(3, i, 1).Reshape(joint.Shape.With(3, parts * dim / 2))))]);
            return WindowPartition.Cropped(attended, height, width);
        }
    }

    // A mechanism in each stripe and lepe(v) within it: joint queries, keys, values and gate (B, H, W, …) → (B, H, W, C). Stripes of
    // no given rows or columns reach over the whole map.
    private sealed class Stripes : Module
    {
        private readonly int? _rows, _columns;
        private readonly AttentionMechanism _mechanism;
        private readonly DepthwiseConv2d _local;

        public Stripes(AttentionMechanism mechanism, int? rows, int? columns)
        {
            (_rows, _columns) = (rows, columns);
            _local = AddChild("get_v", new DepthwiseConv2d(mechanism.Shape.Dim, 3));
            _mechanism = AddInline(mechanism);
        }

        protected override Tensor Run(Tensor x)
        {
            (int height, int width, int dim) = (_rows ?? x.Shape[1], _columns ?? x.Shape[2], _mechanism.Shape.Dim);
            var stripe = new WindowPartition(height, width);
            Tensor joint = stripe.Cut(x);
            var value = new Columns(joint, 2 * dim, dim);
            Tensor mixed = _mechanism.Attend(new AttentionInputs(new Columns(joint, 0, dim), new Columns(joint, dim, dim), value)
            {
                Height = height,
                Width = width,
                Windows = new WindowGrid(stripe.Rows(x.Shape[1]), stripe.Columns(x.Shape[2]), 0),
                Gate = x.Shape[3] == 4 * dim ? new Columns(joint, 3 * dim, dim) : default(Columns?),
            });
            Tensor sum = mixed.Reshape(joint.Shape.With(3, dim)) + _local.Forward(value);
            return stripe.Joined(sum, x.Shape[1], x.Shape[2]);
        }
    }
}

/// <summary>The stages of a CSWin. Where stripes do not tile a map, what they project of it is padded by zeros.</summary>
public sealed class CSWinBackbone : Backbone
{
    private readonly CSWin.Stem _stem;
    private readonly ModuleList<CSWin.Block>[] _stages;
    private readonly CSWin.Merging[] _merges;

    /// <summary>Makes the stages with undefined weights.</summary>
    public CSWinBackbone(CSWinConfig config)
    {
        config.Validate();
        Config = config;
        int stages = config.Depths.Count;
        (_stages, _merges) = (new ModuleList<CSWin.Block>[stages], new CSWin.Merging[stages - 1]);
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        _stem = AddChild("stage1_conv_embed", new CSWin.Stem(config.EmbedDim));
        for (int i = 0, block = 0; i < stages; i++)
        {
            int stage = i;
            _stages[i] = AddChild($"stage{i + 1}", new ModuleList<CSWin.Block>(
                Enumerable.Range(0, config.Depths[i]).Select(_ => new CSWin.Block(config, stage, dropPath[block++]))));
            if (i < stages - 1)
                _merges[i] = AddChild($"merge{i + 1}", new CSWin.Merging(config.EmbedDim << i));
        }
    }

    /// <inheritdoc/>
    public override CSWinConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [.. Config.Depths.Select((_, stage) => new FeatureLevel(Config.EmbedDim << stage, 4 << stage))];

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _stages.SelectMany(stage => stage);

    /// <inheritdoc/>
    protected internal override (string Name, Module Norm)? NewOutputNorm(int stage, bool isUsed) =>
        isUsed ? ($"norm{stage}", new LayerNorm(Config.EmbedDim << stage)) : null;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) =>
        part == 0 ? [_stem] : part < _stages.Length ? [_stages[part - 1], _merges[part - 1]] : [_stages[part - 1]];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = _stem.Forward(images);
        stages?.Add(("stem", x));
        for (int i = 0; i < _stages.Length; i++)
        {
            x = _stages[i].Forward(i == 0 ? x : _merges[i - 1].Forward(x));
            stages?.Add(($"stage{i + 1}", x));
        }

        return x;
    }
}

/// <summary>Everything that tells one CSWin from another. Lists hold one entry a stage.</summary>
public sealed record CSWinConfig : TransformerConfig
{
    /// <summary>Channels of the first stage; each later stage doubles them.</summary>
    public int EmbedDim { get; init; } = 64;

    /// <summary>Blocks.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [1, 2, 21, 1];

    /// <summary>Attention heads of both kinds of stripes together.</summary>
    public IReadOnlyList<int> NumHeads { get; init; } = [2, 4, 8, 16];

    /// <summary>Width of the stripes of softmax attention in tokens; a stripe as wide as the grid is the grid.</summary>
    public IReadOnlyList<int> SplitSizes { get; init; } = [1, 2, 7, 7];

    /// <summary>Width of the stripes of any other attention.</summary>
    public IReadOnlyList<int> LaSplitSizes { get; init; } = [56, 28, 14, 7];

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Side of the grid of tokens of a stage.</summary>
    public int Side(int stage) => ImageSize / (4 << stage);

    /// <summary>Registered name of a stage's attention.</summary>
    public string AttentionOf(int stage) => NamedAttention(stage) ?? "softmax";

    /// <summary>Width of a stage's stripes in tokens: that of the grid in the last stage, and where they would be wider.</summary>
    public int SplitOf(int stage) => stage == Depths.Count - 1 ? Side(stage) : Math.Min(Side(stage), (AttentionRegistry.Find(AttentionOf(stage)).Reach == AttentionReach.Reduced ? SplitSizes : LaSplitSizes)[stage]);

    /// <inheritdoc/>
    public override CSWin Create() => new(this);

    /// <inheritdoc/>
    public override CSWinBackbone CreateBackbone() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        int stages = Depths.Count;
        RequireTransformer(Depths, NumHeads);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels >> (stages - 1));
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        ShapeLimits.RequireEach(SplitSizes, stages, 1, ShapeLimits.ImageSize);
        ShapeLimits.RequireEach(LaSplitSizes, stages, 1, ShapeLimits.ImageSize);
        RequireAttention(stages);
        for (int i = 0; i < stages; i++)
        {
            int side = Side(i), split = SplitOf(i);
            if (split < 1 || side % split != 0)
                throw new ArgumentException($"Stage {i + 1}: stripes of {split} tokens do not tile {side}×{side}; choose another image size or split.");
            ShapeLimits.RequireHeads(i, EmbedDim << i, NumHeads[i]);
            if (split < side && NumHeads[i] % 2 != 0)
                throw new ArgumentException($"Stage {i + 1}: {NumHeads[i]} heads do not divide into upright and level stripes.");
        }
    }
}
