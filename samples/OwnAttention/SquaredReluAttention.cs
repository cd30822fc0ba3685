using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace OwnAttention;

/// <summary>Linear attention with φ(x) = max(x + shift, 0)², shift learned for each channel. Time N·C·d, memory N·C.</summary>
public sealed class SquaredReluAttention : FeatureMapAttention
{
    private readonly Parameter _shift;

    /// <summary>Makes the mechanism.</summary>
    public SquaredReluAttention(AttentionShape shape)
        : base(shape) => _shift = AddParameter("shift", [1, shape.NumHeads, 1, shape.HeadDim], Initializer.Zeros);

    /// <summary>Its place in the registry.</summary>
    public static AttentionEntry Entry { get; } = new("squared-relu", "Squared ReLU", "this guide", "O(N·d²)", shape => new SquaredReluAttention(shape));

    /// <inheritdoc/>
    protected override int FeatureDim => Shape.HeadDim;

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => Features(query);

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => Features(key);

    // (B, heads, N, d) → the same.
    private Tensor Features(Tensor x) => (x + _shift).Relu().Apply(UnaryFunction.Square);
}
