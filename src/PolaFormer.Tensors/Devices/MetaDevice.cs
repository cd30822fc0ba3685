using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// A device without memory or arithmetic: a forward pass on it walks the model's own code, checks every shape and counts
/// the multiply-accumulates of matrix products, convolutions and attention.
/// </summary>
/// <example><code>
/// var meta = new MetaDevice();
/// using (meta.Use()) { model = create(); model.Forward(Tensor.Empty([1, 224, 224, 3])); }
/// Console.WriteLine(meta.MultiplyAccumulates);
/// </code></example>
public sealed class MetaDevice : Device
{
    /// <summary>Multiply-accumulates of the operators applied so far; a bias, a norm or an activation counts nothing.</summary>
    public long MultiplyAccumulates { get; private set; }

    /// <inheritdoc/>
    public override string Name => "meta";

    internal override Storage Allocate(long bytes) => Storage.Nothing();

    internal override void Fill(Tensor y, float value) { }

    internal override void CopyBytes(Tensor x, Tensor y) { }

    internal override void Convert(Tensor x, Tensor y) { }

    internal override void Permute(Tensor x, ReadOnlySpan<int> axes, Tensor y) { }

    internal override void Slice(Tensor x, int dimension, int start, Tensor y) { }

    internal override void Paste(Tensor x, Tensor y, int dimension, int start) { }

    internal override void Roll(Tensor x, int dimension, int shift, Tensor y) { }

    internal override void Gather(Tensor table, Tensor indices, Tensor y) { }

    internal override void GatherBackward(Tensor dy, Tensor indices, Tensor dtable) => throw ForwardOnly();

    internal override void Unary(UnaryFunction function, Tensor x, Tensor y) { }

    internal override void UnaryBackward(UnaryFunction function, Tensor x, Tensor y, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) { }

    internal override void Affine(Tensor x, float scale, float offset, Tensor y) { }

    internal override void AddScaled(Tensor x, float a, Tensor y, float b) { }

    internal override void AddTo(Tensor x, Columns y) => throw ForwardOnly();

    internal override void GateBackward(Tensor dy, Tensor sum, Columns gate, Tensor dsum, Columns dgate) => throw ForwardOnly();

    internal override void ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor y) { }

    internal override void ScaledResidualBackward(Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor dy, Tensor dbranch, Tensor? dchannelFactors) => throw ForwardOnly();

    internal override void SumTo(Tensor x, Tensor y) { }

    internal override void Reduce(ReduceFunction function, Tensor x, long outer, int reduced, long inner, Tensor y) { }

    internal override void MaxBackward(Tensor x, long outer, int reduced, long inner, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y, float scale = 1, bool accumulate = false) =>
        MultiplyAccumulates += y.Count * a.Shape[transposeA ? -2 : -1];

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y) => MultiplyAccumulates += y.Count * x.Shape[-1];

    internal override void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void FeedForwardBackward(Tensor x, Tensor weight1, Activation activation, Tensor weight2, Tensor hidden, Tensor dy, Tensor? dx, Tensor? dweight1, Tensor? dbias1, Tensor? dweight2, Tensor? dbias2) => throw ForwardOnly();

    internal override void Softmax(Tensor x, Tensor y, bool logarithm) { }

    internal override void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx, bool logarithm) => throw ForwardOnly();

    internal override void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float eps, Tensor y, Tensor mean, Tensor rstd) { }

    internal override void LayerNormBackward(Tensor x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance) { }

    internal override void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y) { }

    internal override void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias) => throw ForwardOnly();

    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y) =>
        MultiplyAccumulates += y.Count * weight.Shape.CountOf(1, 4);

    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor y) =>
        MultiplyAccumulates += y.Count * weight.Shape.CountOf(1, 4);

    internal override void DepthwiseConvolutionBackward(Columns x, Tensor weight, bool addInput, Tensor dy, Columns? dx, Tensor dweight, Tensor? dbias) => throw ForwardOnly();

    // Four pixels and a weight for each tap.
    internal override void DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias, Tensor y) =>
        MultiplyAccumulates += 5 * y.Count * weight.Shape.CountOf(1, 4);

    internal override void DeformableConvolutionBackward(Columns x, Tensor offsets, Tensor weight, Tensor dy, Columns dx, Tensor doffsets, Tensor dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y) { }

    internal override void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void Interpolate(InterpolationMode mode, Tensor x, Tensor y) { }

    internal override void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y) =>
        CountPolarity(query, key, numHeads, y);

    internal override void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent) => throw ForwardOnly();

    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y) =>
        CountPolarity(query, key, numHeads, y);

    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite) => throw ForwardOnly();

    internal override Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y)
    {
        // q·kᵀ and P·v: N·n·d each per head.
        MultiplyAccumulates += 2 * y.Count * key.Tokens;
        return y;
    }

    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias) => throw ForwardOnly();

    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) { }

    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx) => throw ForwardOnly();

    internal override void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow) { }

    internal override void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits) => throw ForwardOnly();

    internal override void AdamW(Tensor weight, Tensor gradient, Tensor mean, Tensor square, in AdamWStep step) => throw ForwardOnly();

    internal override void Sgd(Tensor weight, Tensor gradient, Tensor velocity, in SgdStep step) => throw ForwardOnly();

    // Per image and head: k̃ᵀ·v and the readout by the queries 2d·d a token each, the two normalisers 2d a query each.
    private Tensor CountPolarity(Columns query, Columns key, int numHeads, Tensor y)
    {
        long batch = query.Source.Shape[0], dim = query.Width, headDim = dim / numHeads;
        MultiplyAccumulates += batch * dim * ((2 * headDim * key.Tokens) + (2 * headDim * query.Tokens) + (4 * query.Tokens));
        return y;
    }

    private static InvalidOperationException ForwardOnly() => new("The meta device walks forward passes only.");
}
