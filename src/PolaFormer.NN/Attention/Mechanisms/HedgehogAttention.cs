using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Hedgehog (Zhang et al., The Hedgehog and the Porcupine, ICLR 2024, https://arxiv.org/abs/2402.04347;
/// src/model/feature_map.py of HazyResearch/lolcats): linear attention with learned features that are spiky as softmax is,
/// y = φ_q(q)·(φ_k(k)ᵀv) / φ_q(q)·Σφ_k(k). Time N·f·C for 2·f features.
/// </summary>
public sealed class HedgehogAttention : FeatureMapAttention
{
    private readonly int _features;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="activation">What the projections go through.</param>
    /// <param name="features">Projections of a head; its channels d where null. There are twice as many features.</param>
    /// <param name="addsInput">Whether the input is added to its projection.</param>
    public HedgehogAttention(AttentionShape shape, HedgehogActivation activation = HedgehogActivation.Softmax, int? features = null, bool addsInput = false)
        : base(shape)
    {
        _features = features ?? shape.HeadDim;
        QueryMap = AddChild("fq", new HedgehogFeatures(shape.NumHeads, shape.HeadDim, _features, activation, addsInput));
        KeyMap = AddChild("fk", new HedgehogFeatures(shape.NumHeads, shape.HeadDim, _features, activation, addsInput));
    }

    /// <summary>φ of the queries.</summary>
    internal HedgehogFeatures QueryMap { get; }

    /// <summary>φ of the keys.</summary>
    internal HedgehogFeatures KeyMap { get; }

    /// <inheritdoc/>
    protected override int FeatureDim => 2 * _features;

    /// <inheritdoc/>
    protected override float Epsilon => 0;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        AttentionCost cost = base.Cost(queries, keys);
        return cost with { MultiplyAccumulates = cost.MultiplyAccumulates + ((long)(queries + keys) * Shape.Dim * _features) };
    }

    /// <inheritdoc/>
    protected override Tensor QueryFeatures(Tensor query) => QueryMap.Forward(query);

    /// <inheritdoc/>
    protected override Tensor KeyFeatures(Tensor key) => KeyMap.Forward(key);
}
