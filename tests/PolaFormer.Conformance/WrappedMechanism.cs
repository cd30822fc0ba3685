using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>A mechanism in a wrapper of the Skyformer repository, which gives it a name and may keep the mask to itself.</summary>
internal sealed class WrappedMechanism : AttentionMechanism
{
    private readonly AttentionMechanism _inner;

    /// <summary>Wraps a mechanism.</summary>
    public WrappedMechanism(string name, AttentionMechanism inner, bool isMasked)
        : base(inner.Shape)
    {
        _inner = AddChild(name, inner);
        Traits = isMasked ? inner.Traits : inner.Traits & ~AttentionTraits.Masked;
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits { get; }

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys) => _inner.Cost(queries, keys);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => _inner.Mix(inputs);

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs) => _inner.Attend(inputs);
}
