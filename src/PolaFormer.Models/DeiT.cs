using System.Text.Json.Serialization;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// DeiT, a vision transformer of one resolution (Touvron et al., ICML 2021, https://arxiv.org/abs/2012.12877; the authors'
/// models.py over timm's VisionTransformer, DistilledVisionTransformer), with any attention in its blocks. With a distillation
/// token the embedding of an image is both tokens, one behind the other, and the logits are the mean of their classifiers' in
/// training, too: there is no teacher here.
/// </summary>
public sealed class DeiT : VisionModel
{
    private readonly LayerNorm _norm;
    private Linear _head;
    private Linear? _distilledHead;

    /// <summary>What DeiT is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<DeiTConfig>("deit")
    {
        // Published figures: PolaFormer's table 5, and DeiT's own authors' table.
        Entries =
        [
            Entry("deit_tiny", 192, 3) with { PaperParameters = 5.7, PaperMacs = 1.1 },
            Entry("deit_small", 384, 6) with { PaperParameters = 22 },
            Entry("deit_base", 768, 12) with { PaperParameters = 86 },
            Entry("deit_tiny_distilled", 192, 3, isDistilled: true) with { PaperParameters = 6 },
            Entry("deit_small_distilled", 384, 6, isDistilled: true) with { PaperParameters = 22 },
            Entry("deit_base_distilled", 768, 12, isDistilled: true) with { PaperParameters = 87 },

            // Pooled: the convolution of the last block's values would not reach a class token.
            new("pola_deit_tiny", new DeiTConfig { Attention = ["polarity"], ClassToken = false }) { PaperParameters = 6.1, PaperMacs = 1.2 },
        ],
        TinyConfigs = () => new()
        {
            ["deit"] = Small,
            ["distilled deit"] = Small with { DistillationToken = true },
            ["pooled deit"] = Small with { ClassToken = false },
        },
        ReadImageSize = (config, shapeOf) => ModelFamily.SizeOfPatches(shapeOf("pos_embed"), config.PrefixTokens, config.PatchSize, config.ImageSize),
    };

    private static DeiTConfig Small => new() { ImageSize = 32, NumClasses = 3, PatchSize = 8, EmbedDim = 8, Depth = 1, NumHeads = 2, MlpRatio = 1 };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public DeiT(DeiTConfig config)
        : base(new DeiTBackbone(config))
    {
        Config = config;
        _norm = AddChild("norm", new LayerNorm(config.EmbedDim, TransformerBlock.DefaultEps));
        _head = AddChild("head", NewHead(config.NumClasses));
        if (config.DistillationToken)
            _distilledHead = AddChild("head_dist", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override DeiTConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => _distilledHead is null ? [_norm, _head] : [_norm, _head, _distilledHead];

    /// <inheritdoc/>
    public override void ResetClassifier(int numClasses, ulong seed = 0)
    {
        base.ResetClassifier(numClasses, seed);
        if (_distilledHead is null)
            return;
        _distilledHead = ReplaceChild("head_dist", NewHead(numClasses));
        _distilledHead.Initialize(seed + 1);
    }

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features)
    {
        Tensor tokens = _norm.Forward(features);
        return _distilledHead is null ? Pooled(tokens) : tokens.Slice(1, 0, 2).Reshape(tokens.Shape[0], 2 * tokens.Shape[2]);
    }

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled)
    {
        if (_distilledHead is null)
            return _head.Forward(pooled);
        int dim = Config.EmbedDim;
        return (_head.Forward(pooled.Slice(1, 0, dim)) + _distilledHead.Forward(pooled.Slice(1, dim, dim))) * 0.5f;
    }

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private static ModelEntry Entry(string name, int embedDim, int heads, bool isDistilled = false) =>
        new(name, new DeiTConfig { EmbedDim = embedDim, NumHeads = heads, DistillationToken = isDistilled });

    private Linear NewHead(int numClasses) => new(Config.EmbedDim, numClasses, initialization: Linear.TransformerInitialization);
}

/// <summary>The blocks of a DeiT: one map. Position encodings are stretched to the grid of the image.</summary>
public sealed class DeiTBackbone : Backbone
{
    private readonly Parameter[] _tokens;
    private readonly Parameter _positions;
    private readonly PatchEmbed _patchEmbed;
    private readonly Dropout _posDrop;
    private readonly ModuleList<TransformerBlock> _blocks;

    /// <summary>Makes the blocks with undefined weights.</summary>
    public DeiTBackbone(DeiTConfig config)
    {
        config.Validate();
        Config = config;
        AttentionShape shape = config.TokenShape();
        Parameter? classToken = config.ClassToken ? NewToken("cls_token") : null;
        _positions = AddParameter("pos_embed", [1, shape.Tokens, config.EmbedDim], Initializer.TruncatedNormal, StateTraits.NoDecay | StateTraits.Positions);
        _tokens = [.. new[] { classToken, config.DistillationToken ? NewToken("dist_token") : null }.OfType<Parameter>()];
        _patchEmbed = AddChild("patch_embed", new PatchEmbed(config.PatchSize, 3, config.EmbedDim, norm: false));
        _posDrop = AddChild("pos_drop", new Dropout(config.DropRate));
        float[] dropPath = DropPathSchedule(config.DropPathRate, [config.Depth]);
        _blocks = AddChild("blocks", new ModuleList<TransformerBlock>(Enumerable.Range(0, config.Depth).Select(i => new TransformerBlock(
            config.EmbedDim,
            new SelfAttention(config.Mechanism(config.AttentionOf(i), shape), config.QkvBias) { DropRate = config.DropRate },
            new Mlp(config.EmbedDim, (int)(config.EmbedDim * config.MlpRatio), config.DropRate),
            dropPath[i]))));
    }

    /// <inheritdoc/>
    public override DeiTConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [new FeatureLevel(Config.EmbedDim, Config.PatchSize)];

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _blocks;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) => part == 0 ? [_patchEmbed, _posDrop] : [_blocks];

    /// <inheritdoc/>
    protected override IEnumerable<Parameter> PartParameters(int part) => part == 0 ? [_positions, .. _tokens] : [];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor patches = _patchEmbed.Forward(images);
        Shape grid = patches.Shape;
        Tensor x = _tokens.Length == 0 ? patches : WithTokens(patches, _tokens);
        int side = Config.ImageSize / Config.PatchSize;
        Tensor positions = GridPositions.Resize(_positions, (side, side), (grid[1], grid[2]), Config.PrefixTokens, InterpolationMode.Bicubic);
        x = _posDrop.Forward(x + positions.Reshape(x.Shape.With(0, 1)));
        stages?.Add(("stem", Grid(x, grid)));
        x = _blocks.Forward(x);
        stages?.Add(("stage1", Grid(x, grid)));
        return x;
    }

    private Parameter NewToken(string name) => AddParameter(name, [1, 1, Config.EmbedDim], Initializer.TruncatedNormal, StateTraits.NoDecay);
}

/// <summary>Everything that tells one DeiT from another.</summary>
public sealed record DeiTConfig : TransformerConfig
{
    /// <summary>Side of the patches in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels.</summary>
    public int EmbedDim { get; init; } = 192;

    /// <summary>Blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int NumHeads { get; init; } = 3;

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Whether a class token is what is classified; else the mean of the tokens is.</summary>
    public bool ClassToken { get; init; } = true;

    /// <summary>Whether a second token with a classifier of its own, which learns from a teacher, stands behind the class token; the logits are the mean of both classifiers'.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool DistillationToken { get; init; }

    /// <summary>Tokens before those of the image.</summary>
    [JsonIgnore]
    public int PrefixTokens => (ClassToken ? 1 : 0) + (DistillationToken ? 1 : 0);

    /// <summary>Registered name of a block's attention.</summary>
    public string AttentionOf(int block) => NamedAttention(block) ?? "softmax";

    /// <summary>What the attention of every block is made for.</summary>
    public AttentionShape TokenShape()
    {
        int side = ImageSize / PatchSize;
        return new AttentionShape(EmbedDim, NumHeads, PrefixTokens + (side * side)) { Height = side, Width = side, PrefixTokens = PrefixTokens };
    }

    /// <summary>
    /// The authors have not published their DeiT; the size and work in their table are those of polarity attention with a learned
    /// matrix for a gate, and without an encoding of positions, which the tokens have already.
    /// </summary>
    [JsonIgnore]
    public override PolarityOptions PublishedPolarity => new() { Gate = PolarityGate.Learned, HasPositions = false };

    /// <inheritdoc/>
    public override DeiT Create() => new(this);

    /// <inheritdoc/>
    public override DeiTBackbone CreateBackbone() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        RequireTransformer([Depth], [NumHeads]);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels);
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        RequireAttention(Depth);
        ShapeLimits.RequireHeads(0, EmbedDim, NumHeads);
        if (DistillationToken && !ClassToken)
            throw new ArgumentException("DistillationToken stands beside a class token; set ClassToken, too.");
    }
}
