using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Multi-scale ReLU linear attention (EfficientViT, Cai et al., ICCV 2023, https://arxiv.org/abs/2205.14756; LiteMLA):
/// queries, keys and values as they are, and for each scale aggregated with their neighbours by a depthwise s×s and a 1×1
/// convolution a head; each attends by φ(x) = max(x, 0), y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻¹⁵), and a linear layer reads
/// the results side by side. Time N·C·(d + s²), memory N·C. Where tokens are no more than channels of a head, products run in
/// the other order, which is cheaper then.
/// </summary>
public sealed class MultiscaleReluAttention : FeatureMapAttention
{
    private readonly int[] _scales;
    private readonly ModuleList<ModuleList<Module>> _aggregations;
    private readonly Linear? _fusion;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What it is made for, a grid.</param>
    /// <param name="scales">Sides of the depthwise kernels, odd; 5 alone where null.</param>
    /// <param name="isFused">Whether a linear layer brings the scales back to C channels. Without it the result is (B, N, (1 + scales)·C), for a layer that projects all of it.</param>
    public MultiscaleReluAttention(AttentionShape shape, int[]? scales = null, bool isFused = true)
        : base(shape)
    {
        _scales = scales ?? [5];
        int joint = 3 * shape.Dim;
        _aggregations = AddChild("aggreg", new ModuleList<ModuleList<Module>>(_scales.Select(scale => new ModuleList<Module>(
        [
            new DepthwiseConv2d(joint, scale, hasBias: false),
            new Conv2d(joint, joint, 1, groups: 3 * shape.NumHeads, hasBias: false),
        ]))));
        _fusion = isFused ? AddChild("fuse", new Linear((1 + _scales.Length) * shape.Dim, shape.Dim, bias: false)) : null;
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Grid;

    /// <inheritdoc/>
    protected override int FeatureDim => Shape.HeadDim;

    /// <inheritdoc/>
    protected override float Epsilon => 1e-15f;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        int pixels = queries - Shape.PrefixTokens;
        (AttentionCost plain, AttentionCost scale) = (MixCost(queries), MixCost(pixels));
        long aggregation = 3L * pixels * Shape.Dim * _scales.Sum(side => (side * side) + Shape.HeadDim);
        long fusion = _fusion is null ? 0 : (long)queries * (1 + _scales.Length) * Shape.Dim * Shape.Dim;
        return new AttentionCost(
            plain.MultiplyAccumulates + (_scales.Length * scale.MultiplyAccumulates) + aggregation + fusion,
            plain.Bytes + (_scales.Length * (scale.Bytes + (3L * sizeof(float) * pixels * Shape.Dim))));
    }

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => query.Relu();

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => key.Relu();

    /// <summary>The tokens as they are, the scales left out.</summary>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        if (!IsQuadratic(inputs.Query.Tokens))
            return base.RunMix(inputs);
        Tensor scores = QueryFeatures(Heads(inputs.Query)).MatMul(KeyFeatures(Heads(inputs.Key)), transposeB: true);
        return Merge((scores / (scores.Sum(3, keepDimensions: true) + Epsilon)).MatMul(Heads(inputs.Value)));
    }

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor joint = Interleaved(inputs);
        Tensor scales = Tensor.Concat(2, [RunMix(inputs), .. _aggregations.Select(aggregation => Scale(aggregation.Forward(joint), inputs))]);
        return _fusion is null ? scales : _fusion.Forward(scales);
    }

    // Query, key and value of a head side by side, as the authors' convolutions have them: (B, H, W, 3·C).
    private Tensor Interleaved(AttentionInputs inputs)
    {
        Tensor[] parts = [.. new[] { inputs.Query, inputs.Key, inputs.Value }.Select(part =>
        {
            Tensor tokens = Tokens(part);
            return tokens.Slice(1, inputs.PrefixTokens, inputs.Height * inputs.Width).Reshape(tokens.Shape[0], -1, Shape.NumHeads, Shape.HeadDim);
        })];
        return Tensor.Concat(3, parts).Reshape(parts[0].Shape[0], inputs.Height, inputs.Width, 3 * Shape.Dim);
    }

    // The grid attends at one scale; the prefix has none: (B, N, C).
    private Tensor Scale(Tensor aggregated, AttentionInputs inputs)
    {
        (int batch, int prefix) = (aggregated.Shape[0], inputs.PrefixTokens);
        Tensor heads = aggregated.Reshape(batch, -1, Shape.NumHeads, 3 * Shape.HeadDim);
        Tensor mixed = RunMix(new AttentionInputs(Part(0), Part(1), Part(2)));
        return prefix == 0 ? mixed : Tensor.Concat(1, Tensor.Zeros([batch, prefix, Shape.Dim], mixed.Device), mixed);

        Tensor Part(int index) => heads.Slice(3, index * Shape.HeadDim, Shape.HeadDim).Reshape(batch, -1, Shape.Dim);
    }

    private bool IsQuadratic(int tokens) => tokens <= Shape.HeadDim;

    private AttentionCost MixCost(int tokens)
    {
        long pairs = (long)tokens * tokens;
        return IsQuadratic(tokens) ? new AttentionCost(2 * pairs * Shape.Dim, sizeof(float) * pairs * Shape.NumHeads) : base.Cost(tokens, tokens);
    }
}
