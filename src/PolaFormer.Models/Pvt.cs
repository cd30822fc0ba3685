using System.Text.Json.Serialization;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// The Pyramid Vision Transformer (Wang et al., ICCV 2021, https://arxiv.org/abs/2102.12122; the authors' pvt.py) and Pola-PVT, the
/// same with polarity-aware linear attention, or any other, and without a class token (PolaFormer, ICLR 2025,
/// https://arxiv.org/abs/2501.15061; the authors' models/pola_pvt.py).
/// </summary>
public sealed class Pvt : VisionModel
{
    private readonly LayerNorm _norm;
    private Linear _head;

    /// <summary>What PVT is to the rest of the program.</summary>
    public static ModelFamily Family { get; } = new ModelFamily<PvtConfig>("pola_pvt")
    {
        // Published figures: PolaFormer's table 1, and PVT's own authors' table.
        Entries =
        [
            Pola("pola_pvt_tiny", [2, 2, 2, 2]) with { PaperParameters = 12, PaperMacs = 2.0 },
            Pola("pola_pvt_small", [3, 4, 6, 3]) with { PaperParameters = 21, PaperMacs = 4.1 },
            Pola("pola_pvt_medium", [3, 4, 18, 3]),
            Pola("pola_pvt_large", [3, 8, 27, 3]),
            Plain("pvt_tiny", [2, 2, 2, 2]) with { PaperParameters = 13.2, PaperMacs = 1.9 },
            Plain("pvt_small", [3, 4, 6, 3]) with { PaperParameters = 24.5, PaperMacs = 3.8 },
        ],

        // Of the authors' file pola_pvt_b.yaml.
        OtherNames = new Dictionary<string, string> { ["pola_pvt_base"] = "pola_pvt_large" },
        TinyConfigs = () => new()
        {
            ["pvt"] = Small with { AttnType = "SS", ClassToken = true },
            ["pola_pvt"] = Small,
        },
        ReadImageSize = (config, shapeOf) => ModelFamily.SizeOfPatches(shapeOf("pos_embed1"), 0, config.PatchSize, config.ImageSize),
        Changed = (published, keys) => published.ClassToken ? published : published with
        {
            AttnType = keys.Get<string>("LA.ATTN_TYPE"),
            LaSrRatios = Digits(keys, "LA.PVT_LA_SR_RATIOS"),
        },
    };

    private static PvtConfig Small => new() { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], NumHeads = [2, 2], MlpRatios = [1, 1], Depths = [1, 1], SrRatios = [2, 1], LaSrRatios = [1, 1], AttnType = "LL" };

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public Pvt(PvtConfig config)
        : base(new PvtBackbone(config))
    {
        Config = config;

        // Without a class token in the authors' state dict, but not in their forward pass.
        _norm = AddChild("norm", new LayerNorm(config.EmbedDims[^1], TransformerBlock.DefaultEps));
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override PvtConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Head => [_norm, _head];

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => Pooled(Config.ClassToken ? _norm.Forward(features) : features);

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) => _head.Forward(pooled);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private Linear NewHead(int numClasses) => new(Config.EmbedDims[^1], numClasses, initialization: Linear.TransformerInitialization);

    private static ModelEntry Pola(string name, int[] depths) => new(name, new PvtConfig { Depths = depths });

    private static ModelEntry Plain(string name, int[] depths) => new(name, new PvtConfig { Depths = depths, AttnType = "SSSS", ClassToken = true });

    private static int[] Digits(IModelKeys keys, string key) =>
        keys.Get<string>(key) is var text && text.All(char.IsAsciiDigit) ? [.. text.Select(digit => digit - '0')] : throw keys.Wrong(key, $"'{text}' is not a digit a stage.");
}

/// <summary>The stages of a PVT. Position encodings are stretched to the grid of the image; rows and columns that fill no patch are left out.</summary>
public sealed class PvtBackbone : Backbone
{
    private const float DefaultInnerEps = 1e-5f;

    private readonly Parameter[] _posEmbeds;
    private readonly Dropout[] _posDrops;
    private readonly PatchEmbed[] _patchEmbeds;
    private readonly ModuleList<TransformerBlock>[] _stages;
    private readonly Parameter? _classToken;

    /// <summary>Makes the stages with undefined weights.</summary>
    public PvtBackbone(PvtConfig config)
    {
        config.Validate();
        Config = config;
        int stages = config.Depths.Count;
        _posEmbeds = [.. Enumerable.Range(0, stages).Select(i => AddParameter($"pos_embed{i + 1}", [1, TokenShape(config, i).Tokens, config.EmbedDims[i]], Initializer.TruncatedNormal, StateTraits.Positions))];
        if (config.ClassToken)
            _classToken = AddParameter("cls_token", [1, 1, config.EmbedDims[^1]], Initializer.TruncatedNormal, StateTraits.NoDecay);
        _patchEmbeds = new PatchEmbed[stages];
        _stages = new ModuleList<TransformerBlock>[stages];
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        for (int i = 0, block = 0; i < stages; i++)
        {
            int stage = i;
            _patchEmbeds[i] = AddChild($"patch_embed{i + 1}", new PatchEmbed(i == 0 ? config.PatchSize : 2, i == 0 ? 3 : config.EmbedDims[i - 1], config.EmbedDims[i], eps: config.InnerEps ?? DefaultInnerEps));
            _stages[i] = AddChild($"block{i + 1}", new ModuleList<TransformerBlock>(
                Enumerable.Range(0, config.Depths[i]).Select(_ => NewBlock(config, stage, dropPath[block++]))));
        }

        _posDrops = [.. Enumerable.Range(0, stages).Select(i => AddChild($"pos_drop{i + 1}", new Dropout(config.DropRate)))];
    }

    /// <inheritdoc/>
    public override PvtConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureLevel> Levels => [.. Config.EmbedDims.Select((dim, stage) => new FeatureLevel(dim, Config.PatchSize << stage))];

    /// <inheritdoc/>
    protected internal override IEnumerable<Module> Blocks => _stages.SelectMany(stage => stage);

    /// <inheritdoc/>
    protected override IEnumerable<Module> Parts(int part) => part == 0
        ? [_patchEmbeds[0], _posDrops[0]]
        : part < _stages.Length ? [_stages[part - 1], _patchEmbeds[part], _posDrops[part]] : [_stages[part - 1]];

    /// <inheritdoc/>
    protected override IEnumerable<Parameter> PartParameters(int part) =>
        part == _stages.Length ? [] : part == _stages.Length - 1 && _classToken is not null ? [_posEmbeds[part], _classToken] : [_posEmbeds[part]];

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = images;
        for (int i = 0; i < _stages.Length; i++)
        {
            x = _patchEmbeds[i].Forward(x);
            Shape grid = x.Shape;
            int prefix = i == _stages.Length - 1 && _classToken is not null ? 1 : 0;
            Tensor positions = GridPositions.Resize(_posEmbeds[i], (Config.Side(i), Config.Side(i)), (grid[1], grid[2]), prefix, device: x.Device);
            x = prefix > 0 ? WithTokens(x, _classToken!) + positions : x + positions.Reshape(1, grid[1], grid[2], grid[3]);
            x = _posDrops[i].Forward(x);
            if (i == 0)
                stages?.Add(("stem", x));
            x = _stages[i].Forward(x);
            stages?.Add(($"stage{i + 1}", Grid(x, grid)));
        }

        return x;
    }

    private static AttentionShape TokenShape(PvtConfig config, int stage)
    {
        int side = config.Side(stage), prefix = config.ClassToken && stage == config.Depths.Count - 1 ? 1 : 0;
        int reduction = config.ReductionOf(stage);
        return new AttentionShape(config.EmbedDims[stage], config.NumHeads[stage], prefix + (side * side))
        {
            KeyTokens = prefix + (side * side / (reduction * reduction)),
            Height = side,
            Width = side,
            PrefixTokens = prefix,
        };
    }

    private static TransformerBlock NewBlock(PvtConfig config, int stage, float dropPath)
    {
        int dim = config.EmbedDims[stage];
        AttentionMechanism mechanism = config.Mechanism(config.AttentionOf(stage), TokenShape(config, stage));
        var attention = new PvtAttention(mechanism, config.QkvBias, config.ReductionOf(stage), config.InnerEps ?? DefaultInnerEps) { DropRate = config.DropRate };
        return new TransformerBlock(dim, attention, new Mlp(dim, config.MlpRatios[stage] * dim, config.DropRate), dropPath);
    }
}

/// <summary>Everything that tells one PVT from another: the original, Pola-PVT, FLatten-PVT.</summary>
public sealed record PvtConfig : PyramidConfig
{
    /// <summary>Side of the first patches in pixels.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Attention of each stage where <see cref="VisionModelConfig.Attention"/> names none: L (polarity) or S (softmax).</summary>
    public string AttnType { get; init; } = "LLLL";

    /// <summary>Whether the last stage has a class token, which is then what is classified; else the mean of the tokens is, without a norm.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ClassToken { get; init; }

    /// <summary>Added to the variances of the norms inside patch embeddings and reductions; the authors' 10⁻⁵ where null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public float? InnerEps { get; init; }

    /// <inheritdoc/>
    public override int Side(int stage) => ImageSize / (PatchSize << stage);

    /// <inheritdoc/>
    public override string AttentionOf(int stage) => NamedAttention(stage) ?? AttnType[stage] switch
    {
        'L' => "polarity",
        'S' => "softmax",
        char other => throw new ArgumentException($"Attention type '{other}' of stage {stage + 1} is neither L (polarity) nor S (softmax)."),
    };

    /// <inheritdoc/>
    public override Pvt Create() => new(this);

    /// <inheritdoc/>
    public override PvtBackbone CreateBackbone() => new(this);

    /// <summary>Without the class token, which only the classifier has.</summary>
    public override PvtConfig ForDensePrediction() => this with { ClassToken = false };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(AttnType.Length, Depths.Count, Depths.Count, "The number of letters of AttnType");
        RequireHeads();
        if (ClassToken && ReductionOf(Depths.Count - 1) > 1)
            throw new ArgumentException("The last stage has a class token, which no reduction of the grid can take along; its reduction must be 1.");
    }
}
