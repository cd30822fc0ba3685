using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// cosFormer (Qin et al., ICLR 2022, https://arxiv.org/abs/2202.08791; cosformer.py): relu(q_i)·relu(k_j)·cos(π/2·(i − j)/M)
/// for M the larger number of tokens, linear by φ(x_i) = [relu(x_i)·sin(π·i/2M), relu(x_i)·cos(π·i/2M)] with i from 1; the
/// normaliser is at least 10⁻⁶. Time 2·N·C·d.
/// </summary>
public sealed class CosformerAttention(AttentionShape shape) : FeatureMapAttention(shape)
{
    /// <inheritdoc/>
    public override AttentionTraits Traits => base.Traits & ~AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    protected override int FeatureDim => 2 * Shape.HeadDim;

    /// <inheritdoc/>
    protected override float Epsilon => 1e-6f;

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => query.Relu();

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => key.Relu();

    /// <inheritdoc/>
    protected override (Tensor Query, Tensor Key) Features(Tensor query, Tensor key)
    {
        int longest = Math.Max(query.Shape[2], key.Shape[2]);
        return (WithPositions(QueryFeatures(query), longest), WithPositions(KeyFeatures(key), longest));
    }

    /// <inheritdoc/>
    protected override Tensor Normalize(Tensor weighted, Tensor sums, int keys) => weighted / ((sums - Epsilon).Relu() + Epsilon);

    private static Tensor WithPositions(Tensor features, int longest)
    {
        int tokens = features.Shape[2];
        float[] angles = [.. Enumerable.Range(1, tokens).Select(i => MathF.PI / 2 * i / longest)];
        Tensor sin = Tensor.From(Array.ConvertAll(angles, MathF.Sin), [tokens, 1], features.Device), cos = Tensor.From(Array.ConvertAll(angles, MathF.Cos), [tokens, 1], features.Device);
        return Tensor.Concat(3, features * sin, features * cos);
    }
}
