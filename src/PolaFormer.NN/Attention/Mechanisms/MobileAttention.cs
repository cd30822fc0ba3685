using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Mobile attention (Yao et al., ICML 2024, https://github.com/thuml/MobileAttention; Mobile_Attention): linear
/// attention as a flow in which heads compete, φ = sigmoid. For each token, ⟨a, b⟩ summed over channels after adding 10⁻⁶ to
/// both: incoming I = 1/⟨φ(q), Σₕφ(k)⟩, outgoing O = 1/⟨φ(k), Σₕφ(q)⟩, then
/// y = sigmoid(⟨φ(q), Σₕφ(k)·O⟩) · φ(q)·I · (φ(k)ᵀ (v·n·softmaxₙ(min(⟨φ(k), Σₕφ(q)·I⟩, 1)))). Time N·C·d, memory N·C.
/// Flows pair a query with the key of its own token, so queries and keys are as many.
/// </summary>
public sealed class MobileAttention(AttentionShape shape) : AttentionMechanism(shape)
{
    private const float Epsilon = 1e-6f;

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.PermutationEquivariant;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long state = (long)Shape.Dim * Shape.HeadDim, tokens = (long)queries + keys;
        return new AttentionCost(tokens * state, sizeof(float) * ((tokens * Shape.Dim) + state));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor query = Heads(inputs.Query).Sigmoid(), key = Heads(inputs.Key).Sigmoid();
        Tensor received = query / Flow(query, key), sent = key / Flow(key, query);

        // min(x, 1) as 1 − max(1 − x, 0); the softmax runs over the last dimension.
        Tensor competition = Flow(key, received).Affine(-1, 1).Relu().Affine(-1, 1).Permute(0, 1, 3, 2).Softmax() * key.Shape[2];
        Tensor state = key.MatMul(Heads(inputs.Value) * competition.Permute(0, 1, 3, 2), transposeA: true);
        return Merge(received.MatMul(state) * Flow(query, sent).Sigmoid());
    }

    // ⟨a, Σₕ b⟩ of each token and head: (B, heads, N, 1).
    private static Tensor Flow(Tensor a, Tensor b) => ((a + Epsilon) * (b.Sum(1, keepDimensions: true) + Epsilon)).Sum(3, keepDimensions: true);
}
