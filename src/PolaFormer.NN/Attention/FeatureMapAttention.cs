using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Linear attention by non-negative features (Katharopoulos et al., ICML 2020): per head
/// y = φ(q)·(φ(k)ᵀv) / normaliser, with φ(q)·Σφ(k) + ε for the normaliser unless a mechanism has another.
/// Time N·f·d and memory (N + d)·f for f features.
/// </summary>
public abstract class FeatureMapAttention : AttentionMechanism
{
    // Tokens that a causal pass takes at once: within them the lower triangle, before them one state.
    private const int CausalBlock = 64;

    /// <summary>Starts a mechanism of a shape.</summary>
    protected FeatureMapAttention(AttentionShape shape)
        : base(shape)
    {
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked | AttentionTraits.Causal | AttentionTraits.CrossAttention | AttentionTraits.PermutationEquivariant;

    /// <summary>Features of a head, f.</summary>
    protected abstract int FeatureDim { get; }

    /// <summary>Added to the normaliser.</summary>
    protected virtual float Epsilon => 1e-6f;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long state = (long)Shape.Dim * FeatureDim, features = (long)Shape.NumHeads * FeatureDim;
        return new AttentionCost(((queries + keys) * state) + (queries * features), sizeof(float) * (((queries + keys) * features) + state));
    }

    /// <summary>φ of the queries, (B, heads, N, d) → (B, heads, N, f).</summary>
    protected abstract Tensor QueryFeatures(Tensor query);

    /// <summary>φ of the keys, (B, heads, n, d) → (B, heads, n, f).</summary>
    protected abstract Tensor KeyFeatures(Tensor key);

    /// <summary>φ of both; mechanisms whose features depend on the other side or on places override it.</summary>
    protected virtual (Tensor Query, Tensor Key) Features(Tensor query, Tensor key) => (QueryFeatures(query), KeyFeatures(key));

    /// <summary>Divides by the normaliser.</summary>
    /// <param name="weighted">(B, heads, N, d): φ(q)·(φ(k)ᵀv).</param>
    /// <param name="sums">(B, heads, N, 1): φ(q)·Σφ(k).</param>
    /// <param name="keys">Keys n.</param>
    protected virtual Tensor Normalize(Tensor weighted, Tensor sums, int keys) => weighted / (sums + Epsilon);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        (Tensor query, Tensor key) = Features(Heads(inputs.Query), Heads(inputs.Key));
        Tensor value = Heads(inputs.Value);
        if (inputs.Mask is { } mask)
            key = key * mask.Reshape(mask.Shape[0], 1, mask.Shape[1], 1);
        return Merge(inputs.IsCausal ? Causal(query, key, value) : Whole(query, key, value));
    }

    private Tensor Whole(Tensor query, Tensor key, Tensor value) =>
        Normalize(query.MatMul(key.MatMul(value, transposeA: true)), query.MatMul(key.Sum(2, keepDimensions: true), transposeB: true), key.Shape[2]);

    // Blocks of tokens: the state of all before, and the lower triangle within. Time N·f·(d + block).
    private Tensor Causal(Tensor query, Tensor key, Tensor value)
    {
        int tokens = query.Shape[2];
        var blocks = new List<Tensor>();
        Tensor? state = null, sum = null;
        for (int start = 0; start < tokens; start += CausalBlock)
        {
            int length = Math.Min(CausalBlock, tokens - start);
            Tensor q = query.Slice(2, start, length), k = key.Slice(2, start, length), v = value.Slice(2, start, length);
            Tensor scores = q.MatMul(k, transposeB: true) * LowerTriangle.Of(length, length, q.Device);
            Tensor weighted = scores.MatMul(v), sums = scores.Sum(3, keepDimensions: true);
            if (state is not null)
                (weighted, sums) = (weighted + q.MatMul(state), sums + q.MatMul(sum!, transposeB: true));
            blocks.Add(Normalize(weighted, sums, tokens));
            Tensor blockState = k.MatMul(v, transposeA: true), blockSum = k.Sum(2, keepDimensions: true);
            (state, sum) = state is null ? (blockState, blockSum) : (state + blockState, sum! + blockSum);
        }

        return Tensor.Concat(2, [.. blocks]);
    }
}
