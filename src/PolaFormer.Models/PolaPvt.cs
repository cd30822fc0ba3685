using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// Pola-PVT: the Pyramid Vision Transformer with polarity-aware linear attention
/// (PolaFormer, ICLR 2025, https://arxiv.org/abs/2501.15061; the authors' models/pola_pvt.py).
/// </summary>
public sealed class PolaPvt : VisionModel
{
    // The norms of the blocks; those of the patch embeddings have PyTorch's default of 1e-5.
    private const float BlockEps = 1e-6f;

    private readonly PolaPvtConfig _config;
    private readonly Parameter[] _posEmbeds;
    private readonly Dropout[] _posDrops;
    private readonly PatchEmbed[] _patchEmbeds;
    private readonly ModuleList<Block>[] _stages;
    private Linear _head;

    /// <summary>Makes the network with undefined weights: fill them with <see cref="Module.Initialize"/> or from a checkpoint.</summary>
    public PolaPvt(PolaPvtConfig config)
    {
        config.Validate();
        _config = config;
        int stages = config.Depths.Count;
        int[] sides = [.. Enumerable.Range(0, stages).Select(i => config.ImageSize / (config.PatchSize << i))];
        _posEmbeds = [.. sides.Select((side, i) => AddParameter($"pos_embed{i + 1}", [1, side * side, config.EmbedDims[i]], Initializer.TruncatedNormal))];
        _patchEmbeds = new PatchEmbed[stages];
        _stages = new ModuleList<Block>[stages];
        float[] dropPath = DropPathSchedule(config.DropPathRate, config.Depths);
        for (int i = 0, block = 0; i < stages; i++)
        {
            int stage = i;
            _patchEmbeds[i] = AddChild($"patch_embed{i + 1}", new PatchEmbed(i == 0 ? config.PatchSize : 2, i == 0 ? 3 : config.EmbedDims[i - 1], config.EmbedDims[i]));
            _stages[i] = AddChild($"block{i + 1}", new ModuleList<Block>(
                Enumerable.Range(0, config.Depths[i]).Select(_ => NewBlock(config, stage, sides[stage], dropPath[block++]))));
        }

        _posDrops = [.. sides.Select((_, i) => AddChild($"pos_drop{i + 1}", new Dropout(config.DropRate)))];

        // In the authors' state dict, but not in their forward pass.
        AddChild("norm", new LayerNorm(config.EmbedDims[^1], BlockEps));
        _head = AddChild("head", NewHead(config.NumClasses));
    }

    /// <summary>What the network was made from.</summary>
    public PolaPvtConfig Config => _config;

    /// <inheritdoc/>
    public override int ImageSize => _config.ImageSize;

    /// <inheritdoc/>
    public override int NumClasses => _head.OutFeatures;

    /// <inheritdoc/>
    protected override IEnumerable<Module> Blocks => _stages.SelectMany(stage => stage);

    /// <inheritdoc/>
    protected override Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages)
    {
        Tensor x = images;
        for (int i = 0; i < _stages.Length; i++)
        {
            x = _patchEmbeds[i].Forward(x);
            x = _posDrops[i].Forward(x + PositionsFor(_posEmbeds[i], x.Shape));
            if (i == 0)
                stages?.Add(("stem", x));
            x = _stages[i].Forward(x);
            stages?.Add(($"stage{i + 1}", x));
        }

        return x;
    }

    /// <inheritdoc/>
    protected override Tensor RunPooled(Tensor features) => features.Mean(1, 2);

    /// <inheritdoc/>
    protected override Tensor RunClassifier(Tensor pooled) => _head.Forward(pooled);

    /// <inheritdoc/>
    protected override Module NewClassifier(int numClasses) => _head = ReplaceChild("head", NewHead(numClasses));

    private Linear NewHead(int numClasses) => new(_config.EmbedDims[^1], numClasses, initialization: Linear.TransformerInitialization);

    private static Block NewBlock(PolaPvtConfig config, int stage, int side, float dropPath)
    {
        int dim = config.EmbedDims[stage], heads = config.NumHeads[stage];
        Module attention = config.AttnType[stage] switch
        {
            'L' => Layer(shape => new PolarityAttention(shape, config.KernelSize, config.Alpha, config.Polarity), config.LaSrRatios[stage]),
            'S' => Layer(shape => new SoftmaxAttention(shape), config.SrRatios[stage]),
            char other => throw new ArgumentException($"Attention type '{other}' of stage {stage + 1} is neither L (polarity) nor S (softmax)."),
        };
        return new Block(dim, attention, config.MlpRatios[stage] * dim, dropPath, dropRate: config.DropRate);

        PvtAttention Layer(Func<AttentionShape, AttentionMechanism> mechanism, int srRatio) =>
            new(mechanism(AttentionShape.Grid(dim, heads, side, side) with { KeyTokens = side * side / (srRatio * srRatio) }), config.QkvBias, srRatio) { DropRate = config.DropRate };
    }

    // Made for a grid of patches; stretched to that of the image.
    private static Tensor PositionsFor(Parameter posEmbed, Shape features)
    {
        int side = (int)Math.Sqrt(posEmbed.Shape[1]);
        Tensor grid = posEmbed.Reshape(1, side, side, posEmbed.Shape[2]);
        return features[1] == side && features[2] == side ? grid : grid.Interpolate(features[1], features[2], InterpolationMode.Bilinear);
    }

    /// <summary>Non-overlapping patches projected to tokens: (B, H, W, in) → (B, H / p, W / p, out).</summary>
    public sealed class PatchEmbed : Module
    {
        private readonly Conv2d _projection;
        private readonly LayerNorm? _norm;

        /// <summary>Makes the layer.</summary>
        public PatchEmbed(int patchSize, int inChannels, int embedDim, bool norm = true)
        {
            _projection = AddChild("proj", new Conv2d(inChannels, embedDim, patchSize, patchSize));
            if (norm)
                _norm = AddChild("norm", new LayerNorm(embedDim));
        }

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x)
        {
            x = _projection.Forward(x);
            return _norm is null ? x : _norm.Forward(x);
        }
    }

    /// <summary>A pre-norm transformer block over (B, H, W, C).</summary>
    public sealed class Block : Module
    {
        private readonly LayerNorm _norm1, _norm2;
        private readonly Module _attention;
        private readonly Mlp _mlp;
        private readonly DropPath _attentionDropPath, _mlpDropPath;

        /// <summary>Makes the block around an attention.</summary>
        public Block(int dim, Module attention, int hiddenFeatures, float dropPath, float eps = BlockEps, float dropRate = 0)
        {
            _norm1 = AddChild("norm1", new LayerNorm(dim, eps));
            _attention = AddChild("attn", attention);
            _attentionDropPath = AddChild("drop_path", new DropPath(dropPath));
            _norm2 = AddChild("norm2", new LayerNorm(dim, eps));
            _mlp = AddChild("mlp", new Mlp(dim, hiddenFeatures, dropRate));
            _mlpDropPath = AddChild("drop_path_mlp", new DropPath(dropPath));
        }

        /// <inheritdoc/>
        protected override Tensor Run(Tensor x)
        {
            x = _attentionDropPath.Add(x, _attention, _norm1.Forward(x));
            return _mlpDropPath.Add(x, _mlp, _norm2.Forward(x));
        }
    }
}
