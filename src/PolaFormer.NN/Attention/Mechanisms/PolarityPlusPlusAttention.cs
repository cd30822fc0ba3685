using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// The linear attention of PolaFormer++ (the authors' polaformer++/models/pola.py, PolaLinearAttention). Time N·C·d, memory N·C.
/// <para>
/// Per head, with f(x, s) = exp(x·sigmoid(s)) − 1: q_same = f([q₊, q₋], s₁), q_opposite = f([q₋, q₊], s₂),
/// k̃ = exp([k₊, k₋]) − 1; the products use features turned by the rotary encoding, the normaliser unturned ones.
/// The keys are exponentiated without a temperature: large ones overflow.
/// </para>
/// </summary>
public sealed class PolarityPlusPlusAttention : AttentionMechanism
{
    private readonly Parameter _same, _opposite;
    private (Tensor Same, Tensor Opposite)? _temperatures;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What for; heads have at least two channels.</param>
    public PolarityPlusPlusAttention(AttentionShape shape)
        : base(shape)
    {
        if (shape.HeadDim < 2)
            throw new ArgumentException("Polarity attention cuts the channels of a head in two; got heads of one channel.");
        _same = AddParameter("s1", [1, shape.NumHeads, 1, 2 * shape.HeadDim], Initializer.Zeros);
        _opposite = AddParameter("s2", [1, shape.NumHeads, 1, 2 * shape.HeadDim], Initializer.Zeros);
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.PermutationEquivariant | AttentionTraits.Rotary;

    /// <inheritdoc/>
    public override int Streams => 2;

    /// <inheritdoc/>
    public override int RotaryDim => 2 * Shape.HeadDim;

    /// <summary>Learned temperatures sigmoid(s₁) and sigmoid(s₂) of the same- and opposite-signed parts: 2·d values a head each, in (0, 1).</summary>
    public (Tensor Same, Tensor Opposite) Temperatures() => _temperatures ?? (_same.Sigmoid(), _opposite.Sigmoid());

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long dim = Shape.Dim, headDim = Shape.HeadDim;
        return new AttentionCost(dim * ((2 * headDim * (queries + keys)) + (4 * queries)), sizeof(float) * dim * ((4 * queries) + (2 * keys) + (2 * headDim)));
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _temperatures = MemoryScope.OutsideScopes(Temperatures);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        (Tensor sin, Tensor cos) = inputs.Rotary ?? (Tensor.Zeros([inputs.Query.Tokens, RotaryDim]), Tensor.Full([inputs.Query.Tokens, RotaryDim], 1));
        (Tensor same, Tensor opposite) = Temperatures();
        return Tensor.PolarityAttentionPlusPlus(inputs.Query, inputs.Key, inputs.Value, same, opposite, sin, cos, Shape.NumHeads);
    }
}
