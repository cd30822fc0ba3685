using PolaFormer.Tensors;

namespace PolaFormer.Onnx;

// What an evaluation of the registered networks never asks of a device.
internal sealed partial class TracingDevice
{
    internal override void Fill(Tensor y, float value) => throw NoForm(nameof(Fill));

    internal override void Convert(Tensor x, Tensor y) => throw NoForm(nameof(Convert));

    internal override void Gather(Tensor table, Tensor indices, Tensor y) => throw NoForm(nameof(Gather));

    internal override void AddScaled(Tensor x, float a, Tensor y, float b) => throw NoForm(nameof(AddScaled));

    internal override void SumTo(Tensor x, Tensor y) => throw NoForm(nameof(SumTo));

    internal override void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance) => throw NoForm(nameof(BatchStatistics));

    internal override void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y) => throw NoForm(nameof(Pool));

    internal override void DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias, Tensor y) => throw NoForm("a deformable convolution");

    internal override void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow) => throw NoForm(nameof(CrossEntropy));

    internal override void AdamW(Tensor weight, Tensor gradient, Tensor mean, Tensor square, in AdamWStep step) => throw ForwardOnly();

    internal override void Sgd(Tensor weight, Tensor gradient, Tensor velocity, in SgdStep step) => throw ForwardOnly();

    internal override void GatherBackward(Tensor dy, Tensor indices, Tensor dtable) => throw ForwardOnly();

    internal override void MaxBackward(Tensor x, long outer, int reduced, long inner, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void AddTo(Tensor x, Columns y) => throw ForwardOnly();

    internal override void GateBackward(Tensor dy, Tensor sum, Columns gate, Tensor dsum, Columns dgate) => throw ForwardOnly();

    internal override void ScaledResidualBackward(Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor dy, Tensor dbranch, Tensor? dchannelFactors) => throw ForwardOnly();

    internal override void UnaryBackward(UnaryFunction function, Tensor x, Tensor y, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void FeedForwardBackward(Tensor x, Tensor weight1, Activation activation, Tensor weight2, Tensor hidden, Tensor dy, Tensor? dx, Tensor? dweight1, Tensor? dbias1, Tensor? dweight2, Tensor? dbias2) => throw ForwardOnly();

    internal override void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx, bool logarithm) => throw ForwardOnly();

    internal override void LayerNormBackward(Tensor x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias) => throw ForwardOnly();

    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void DepthwiseConvolutionBackward(Columns x, Tensor weight, bool addInput, Tensor dy, Columns? dx, Tensor dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void DeformableConvolutionBackward(Columns x, Tensor offsets, Tensor weight, Tensor dy, Columns dx, Tensor doffsets, Tensor dweight, Tensor? dbias) => throw ForwardOnly();

    internal override void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx) => throw ForwardOnly();

    internal override void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent) => throw ForwardOnly();

    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite) => throw ForwardOnly();

    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias) => throw ForwardOnly();

    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx) => throw ForwardOnly();

    internal override void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits) => throw ForwardOnly();

    private static InvalidOperationException ForwardOnly() => new("The ONNX exporter traces forward passes only.");
}
