namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    private static InvalidOperationException Pending() => new("kernel lands soon");
    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y) => throw Pending();
    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw Pending();
    internal override void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y) => throw Pending();
    internal override void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx) => throw Pending();
    internal override void Interpolate(InterpolationMode mode, Tensor x, Tensor y) => throw Pending();
    internal override void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx) => throw Pending();
    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y) => throw Pending();
    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite) => throw Pending();
    internal override Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y) => throw Pending();
    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias) => throw Pending();
    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) => throw Pending();
    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx) => throw Pending();
    internal override void Convert(Tensor x, Tensor y) => throw Pending();
    internal override void Gather(Tensor table, Tensor indices, Tensor y) => throw Pending();
    internal override void GatherBackward(Tensor dy, Tensor indices, Tensor dtable) => throw Pending();
    internal override void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance) => throw Pending();
    internal override void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y) => throw Pending();
    internal override void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias) => throw Pending();
    internal override void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow) => throw Pending();
    internal override void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits) => throw Pending();
}
