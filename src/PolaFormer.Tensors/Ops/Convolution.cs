using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x ∗ W + b on channels-last images (B, H, W, C), W (out, in / groups, kh, kw). ∂x is ∂y spread back through W,
/// ∂W the correlation of x with ∂y, ∂b = Σ ∂y. Pixels outside the image are 0.
/// </summary>
internal sealed class Convolution : Operator
{
    private readonly ConvolutionShape _shape;
    private readonly Tensor _x, _weight;
    private readonly Tensor? _bias;

    private Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias)
    {
        _shape = shape;
        _x = Save(x);
        _weight = Save(weight);
        _bias = bias;
    }

    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, int dilation, int groups, Activation activation)
    {
        if (x.Rank != 4 || weight.Rank != 4 || x.Shape[3] != weight.Shape[1] * groups || weight.Shape[0] % groups != 0)
            throw new ArgumentException($"A convolution with weight {weight.Shape} in {groups} groups does not take input {x.Shape}; it wants (B, H, W, {weight.Shape[1] * groups}).");
        var shape = new ConvolutionShape
        {
            Batch = x.Shape[0],
            Height = x.Shape[1],
            Width = x.Shape[2],
            InChannels = x.Shape[3],
            OutChannels = weight.Shape[0],
            KernelHeight = weight.Shape[2],
            KernelWidth = weight.Shape[3],
            StrideH = stride,
            StrideW = stride,
            PadH = padding,
            PadW = padding,
            DilationH = dilation,
            DilationW = dilation,
            Groups = groups,
        };
        if (shape.OutHeight <= 0 || shape.OutWidth <= 0)
            throw new ArgumentException($"An image of {x.Shape[1]}×{x.Shape[2]} is smaller than the {shape.KernelHeight}×{shape.KernelWidth} kernel.");
        Tensor y = x.Device.Empty([shape.Batch, shape.OutHeight, shape.OutWidth, shape.OutChannels]);
        if (Tape.IsRecording(x, weight, bias))
        {
            x.Device.Convolution(shape, x, weight, bias, y);
            return Tape.Record(new Convolution(shape, x, weight, bias), y).Activate(activation);
        }
        x.Device.Convolution(shape, x, weight, bias, activation, y);
        return y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x), dweight = NewGradient(_weight), dbias = NewGradient(_bias);
        dy.Device.ConvolutionBackward(_shape, _x, _weight, dy, dx, dweight, dbias);
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }
}
