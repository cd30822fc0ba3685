namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    private static InvalidOperationException Pending() => new("kernel lands soon");
    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y) => throw Pending();
    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias) => throw Pending();
    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y) => throw Pending();
    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite) => throw Pending();
    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y) => throw Pending();
    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx) => throw Pending();
}
