using PolaFormer.NN;
using PolaFormer.NN.Attention;
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
    private readonly Parameter[] _tokens;
    private readonly Parameter _positions;
    private readonly PatchEmbed _patchEmbed;
    private readonly Dropout _posDrop;
    private readonly ModuleList<TransformerBlock> _blocks;
    private readonly LayerNorm _norm;
    private Linear _head;
    private Linear? _distilledHead;

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public DeiT(DeiTConfig config)
    {
        config.Validate();
        Config = config;
        AttentionShape shape = config.TokenShape();
        Parameter? classToken = config.ClassToken ? NewToken("cls_token") : null;
        _positions = AddParameter("pos_embed", [1, shape.Tokens, config.EmbedDim], Initializer.TruncatedNormal);
        _tokens = [.. new[] { classToken, config.DistillationToken ? NewToken("dist_token") : null }.OfType<Parameter>()];
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
        if (config.DistillationToken)
            _distilledHead = AddChild("head_dist", NewHead(config.NumClasses));
    }

    /// <inheritdoc/>
    public override DeiTConfig Config { get; }

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    public override IReadOnlyList<string> NoWeightDecay => ["pos_embed", "cls_token", "dist_token"];

    /// <inheritdoc/>
    protected override IEnumerable<Module> Blocks => _blocks;

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
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        RequireImageSize(images);
        Tensor patches = _patchEmbed.Forward(images);
        Shape grid = patches.Shape;
        Tensor x = _tokens.Length == 0 ? patches : WithTokens(patches, _tokens);
        x = _posDrop.Forward(x + _positions.Reshape(x.Shape.With(0, 1)));
        stages?.Add(("stem", Grid(x, grid)));
        x = _blocks.Forward(x);
        stages?.Add(("stage1", Grid(x, grid)));
        return x;
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

    private Parameter NewToken(string name) => AddParameter(name, [1, 1, Config.EmbedDim], Initializer.TruncatedNormal);

    private Linear NewHead(int numClasses) => new(Config.EmbedDim, numClasses, initialization: Linear.TransformerInitialization);
}
