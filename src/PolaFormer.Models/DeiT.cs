using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// DeiT, a vision transformer of one resolution (Touvron et al., ICML 2021, https://arxiv.org/abs/2012.12877; the authors'
/// models.py over timm's VisionTransformer), with any attention in its blocks.
/// </summary>
public sealed class DeiT : VisionModel
{
    private readonly Parameter? _classToken;
    private readonly Parameter _positions;
    private readonly PatchEmbed _patchEmbed;
    private readonly Dropout _posDrop;
    private readonly ModuleList<TransformerBlock> _blocks;
    private readonly LayerNorm _norm;
    private Linear _head;

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public DeiT(DeiTConfig config)
    {
        config.Validate();
        Config = config;
        AttentionShape shape = config.TokenShape();
        if (config.ClassToken)
            _classToken = AddParameter("cls_token", [1, 1, config.EmbedDim], Initializer.TruncatedNormal);
        _positions = AddParameter("pos_embed", [1, shape.Tokens, config.EmbedDim], Initializer.TruncatedNormal);
        _patchEmbed = AddChild("patch_embed", new PatchEmbed(config.PatchSize, 3, config.EmbedDim, norm: false));
        _posDrop = AddChild("pos_drop", new Dropout(config.DropRate));
        float[] dropPath = DropPathSchedule(config.DropPathRate, [config.Depth]);
        _blocks = AddChild("blocks", new ModuleList<TransformerBlock>(Enumerable.Range(0, config.Depth).Select(i => new TransformerBlock(
            config.EmbedDim,
            new SelfAttention(config.Mechanism(config.AttentionOf(i), shape), config.QkvBias) { DropRate = config.DropRate },
            new Mlp(config.EmbedDim, (int)(config.EmbedDim * config.MlpRatio), config.DropRate),
            dropPath[i]))));
        _norm = AddChild("norm", new LayerNorm(config.EmbedDim, TransformerBlock.DefaultEps));
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override DeiTConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    public override IReadOnlyList<string> NoWeightDecay => ["pos_embed", "cls_token"];

    /// <inheritdoc/>
    protected override IEnumerable<Module> Blocks => _blocks;

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        RequireImageSize(images);
        Tensor patches = _patchEmbed.Forward(images);
        Shape grid = patches.Shape;
        Tensor x = _classToken is null ? patches : WithClassToken(patches, _classToken);
        x = _posDrop.Forward(x + _positions.Reshape(x.Shape.With(0, 1)));
        stages?.Add(("stem", Grid(x, grid)));
        x = _blocks.Forward(x);
        stages?.Add(("stage1", Grid(x, grid)));
        return x;
    }

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => Pooled(_norm.Forward(features));

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) => _head.Forward(pooled);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private Linear NewHead(int numClasses) => new(Config.EmbedDim, numClasses, initialization: Linear.TransformerInitialization);
}
