using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Nyströmformer (Xiong et al., AAAI 2021, https://arxiv.org/abs/2102.03902; LRA/code/attention_nystrom.py): landmarks are
/// means of m consecutive segments of queries and of keys, q̃ and k̃;
/// softmax(q·k̃ᵀ)·softmax(q̃·k̃ᵀ)⁺·softmax(q̃·kᵀ)·v, and optionally a convolution of v along the tokens, one kernel a head.
/// Plain softmax where there are no fewer tokens than landmarks. Time N·m·C + m³ a head, memory N·m.
/// </summary>
public sealed class NystromAttention : AttentionMechanism
{
    private readonly int _landmarks, _kernelSize;
    private readonly Parameter? _convolution;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="landmarks">Landmarks m; a quarter of the tokens, 64 at most, where null.</param>
    /// <param name="convolutionSize">Tokens that the convolution of the values spans, odd; 0 for none.</param>
    public NystromAttention(AttentionShape shape, int? landmarks = null, int convolutionSize = 0)
        : base(shape)
    {
        _landmarks = Math.Min(landmarks ?? Math.Clamp(shape.Tokens / 4, 1, 64), shape.Tokens);
        _kernelSize = convolutionSize;
        ArgumentOutOfRangeException.ThrowIfLessThan(_landmarks, 1, nameof(landmarks));
        if (convolutionSize > 0 && convolutionSize % 2 == 0)
            throw new ArgumentException($"A convolution over {convolutionSize} tokens would shift them by half a token; give an odd number.", nameof(convolutionSize));
        if (convolutionSize > 0)
            _convolution = AddParameter("conv.weight", [shape.NumHeads, 1, convolutionSize, 1], Initializer.UniformFanIn(convolutionSize));
    }

    /// <summary>
    /// Whether the inverse starts from one column sum for all images and heads, as in the authors' code, so that images of a
    /// batch touch each other's last digits; else from each matrix's own.
    /// </summary>
    internal bool SharesStart { get; init; }

    /// <inheritdoc/>
    public override AttentionTraits Traits =>
        AttentionTraits.Masked | (_convolution is null ? AttentionTraits.CrossAttention : AttentionTraits.None);

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long m = _landmarks, convolution = (long)keys * Shape.Dim * _kernelSize;
        if (IsExact(queries, keys))
            return new AttentionCost((2L * queries * keys * Shape.Dim) + convolution, sizeof(float) * (long)Shape.NumHeads * queries * keys);
        return new AttentionCost(
            (2L * m * (queries + keys + m) * Shape.Dim) + (Shape.NumHeads * IterativeInverse.Cost(m)) + convolution,
            sizeof(float) * Shape.NumHeads * m * (queries + keys + (2 * m)));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        float scale = 1 / MathF.Sqrt(MathF.Sqrt(Shape.HeadDim));
        Tensor query = Heads(inputs.Query) * scale, key = Heads(inputs.Key) * scale, value = Heads(inputs.Value);
        Tensor? excluded = null;
        if (inputs.Mask is { } mask)
        {
            Tensor isToken = mask.Reshape(mask.Shape[0], 1, mask.Shape[1], 1);
            key *= isToken;
            if (query.Shape[2] == key.Shape[2])
                query *= isToken;
            excluded = ScoresOf(mask);
        }

        if (IsExact(query.Shape[2], key.Shape[2]))
            return Merge(Weights(query, key, excluded).MatMul(value));
        Tensor queryMarks = Landmarks(query), keyMarks = Landmarks(key);
        Tensor inverse = IterativeInverse.Of(Weights(queryMarks, keyMarks), SharesStart);
        return Merge(Weights(query, keyMarks).MatMul(inverse.MatMul(Weights(queryMarks, key, excluded).MatMul(value))));
    }

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs)
    {
        Tensor mixed = RunMix(inputs);
        if (_convolution is null)
            return mixed;
        Tensor value = Tokens(inputs.Value);
        (int batch, int tokens) = (value.Shape[0], value.Shape[1]);
        if (inputs.Mask is { } mask)
            value *= mask.Reshape(batch, tokens, 1);
        Tensor heads = value.Reshape(batch, tokens, Shape.NumHeads, Shape.HeadDim).Permute(0, 1, 3, 2);
        Tensor border = Tensor.Zeros([batch, _kernelSize / 2, Shape.HeadDim, Shape.NumHeads], value.Device);
        Tensor local = Tensor.Concat(1, border, heads, border).Conv2d(_convolution, groups: Shape.NumHeads);
        return mixed + local.Permute(0, 1, 3, 2).Reshape(mixed.Shape);
    }

    private bool IsExact(int queries, int keys) => _landmarks >= Math.Min(queries, keys);

    private static Tensor Weights(Tensor query, Tensor key, Tensor? excluded = null)
    {
        Tensor scores = query.MatMul(key, transposeB: true);
        return (excluded is null ? scores : scores + excluded).Softmax();
    }

    // Means of segments; where m does not divide the tokens, neighbouring segments share some.
    private Tensor Landmarks(Tensor x) =>
        x.Reshape(-1, x.Shape[2], 1, x.Shape[3]).AdaptiveAveragePool(_landmarks, 1).Reshape(x.Shape.With(2, _landmarks));
}
