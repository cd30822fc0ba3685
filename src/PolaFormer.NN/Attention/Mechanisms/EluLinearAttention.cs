using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Linear attention with φ(x) = elu(x) + 1 (Katharopoulos et al., Transformers are RNNs, ICML 2020,
/// https://arxiv.org/abs/2006.16236; fast_transformers/attention/linear_attention.py):
/// y = φ(q)·(φ(k)ᵀv) / (φ(q)·Σφ(k) + 10⁻⁶). Time N·C·d, memory N·C; where rows are normalised and nothing is causal, without tensors
/// of features.
/// </summary>
public sealed class EluLinearAttention(AttentionShape shape) : FeatureMapAttention(shape)
{
    /// <summary>
    /// Whether rows are divided by their sum. Else by the root of the number of keys, as in LRA/code/attention_linear.py of
    /// Nyströmformer, which meant the root of the channels.
    /// </summary>
    internal bool IsNormalized { get; init; } = true;

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => IsNormalized && !inputs.IsCausal
        ? Tensor.EluAttention(inputs.Query, inputs.Key, inputs.Value, Shape.NumHeads, Epsilon, inputs.Mask)
        : base.RunMix(inputs);

    /// <inheritdoc/>
    protected override int FeatureDim => Shape.HeadDim;

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => query.Apply(UnaryFunction.Elu) + 1;

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => key.Apply(UnaryFunction.Elu) + 1;

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor weighted, Tensor sums, int keys) =>
        IsNormalized ? base.Normalize(weighted, sums, keys) : weighted * (1 / MathF.Sqrt(keys));
}
