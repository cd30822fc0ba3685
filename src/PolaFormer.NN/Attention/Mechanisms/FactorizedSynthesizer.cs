using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Synthesizer of Long Range Arena (Tay et al., ICML 2021, https://arxiv.org/abs/2005.00743;
/// lra_benchmarks/models/synthesizer/synthesizer_attention.py): y = softmax(S)·v, where the scores S do not compare queries with keys.
/// Random scores are R₁·R₂ of learned (N, k) and (k, n) a head, or one learned (N, n) where there is no rank k; dense ones
/// W₂·relu(W₁·q + b₁) + b₂ of C and of n outputs, W₂ shared by the heads; both are added. Time N·n·(C + k·heads), memory N·n.
/// </summary>
/// <remarks>
/// Dense scores come out as (N, heads, n) and, in that code, are taken for (heads, N, n) as they lie: a head's rows are not its own
/// queries'. This follows the code.
/// </remarks>
public sealed class FactorizedSynthesizer : AttentionMechanism
{
    private readonly Parameter? _left, _right, _whole;
    private readonly Linear? _hidden, _scores;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="rank">Rank k of the random scores; null for one matrix without factors.</param>
    /// <param name="maxTokens">Tokens that the scores are made for, of which the first are used; the shape's where null.</param>
    /// <param name="parts">What the scores are made of.</param>
    public FactorizedSynthesizer(AttentionShape shape, int? rank = 32, int? maxTokens = null, SynthesizerParts parts = SynthesizerParts.Random)
        : base(shape)
    {
        if (parts is 0 or > (SynthesizerParts.Random | SynthesizerParts.Dense))
            throw new ArgumentException($"A synthesizer's scores are random, dense or both; got {parts}.");
        int queries = maxTokens ?? shape.Tokens, keys = maxTokens ?? shape.KeyTokens;
        if (parts.HasFlag(SynthesizerParts.Random) && rank is { } width)
        {
            _left = AddParameter("random1", [shape.NumHeads, queries, width], Initializer.UniformFanIn(width));
            _right = AddParameter("random2", [shape.NumHeads, width, keys], Initializer.UniformFanIn(width));
        }
        else if (parts.HasFlag(SynthesizerParts.Random))
        {
            _whole = AddParameter("random", [shape.NumHeads, queries, keys], Initializer.UniformFanIn(keys));
        }

        if (parts.HasFlag(SynthesizerParts.Dense))
        {
            _hidden = AddChild("dense_syn", new Linear(shape.Dim, shape.Dim, activation: Activation.Relu));
            _scores = AddChild("dense_syn_len", new Linear(shape.HeadDim, keys));
        }
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.FixedLength;

    /// <inheritdoc/>
    public override bool SeesQueriesOfPadding => _scores is not null;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long random = _left is null ? 0 : (long)queries * keys * Shape.NumHeads * _left.Shape[2];
        long dense = _scores is null ? 0 : (long)queries * Shape.Dim * (Shape.Dim + _scores.OutFeatures);
        return new AttentionCost(((long)queries * keys * Shape.Dim) + random + dense, sizeof(float) * (long)Shape.NumHeads * queries * keys);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor value = Tokens(inputs.Value);
        Tensor? random = Random();
        if (random is not null && _scores is null && inputs.Mask is null)
            return HeadProjection.Apply(random.Softmax(), value);
        Tensor? dense = _scores is null ? null : Dense(Tokens(inputs.Query));
        Tensor scores = dense is null ? random!.Reshape(1, Shape.NumHeads, Shape.Tokens, -1) : random is null ? dense : dense + random;
        if (inputs.Mask is { } mask)
            scores += ScoresOf(mask);
        return Merge(scores.Softmax().MatMul(Heads(inputs.Value)));
    }

    // (heads, N, n).
    private Tensor? Random() => _whole is not null
        ? _whole.Slice(1, 0, Shape.Tokens).Slice(2, 0, Shape.KeyTokens)
        : _left?.Slice(1, 0, Shape.Tokens).MatMul(_right!.Slice(2, 0, Shape.KeyTokens));

    // (B, heads, N, n).
    private Tensor Dense(Tensor query)
    {
        (int batch, int tokens) = (query.Shape[0], query.Shape[1]);
        Tensor hidden = _hidden!.Forward(query).Reshape(batch, tokens, Shape.NumHeads, Shape.HeadDim);
        return _scores!.Forward(hidden).Reshape(batch, Shape.NumHeads, tokens, _scores.OutFeatures).Slice(3, 0, Shape.KeyTokens);
    }
}
