using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y(p) = Σₜ Wₜ·x(p + t + oₜ(p)) + b: a <see cref="DepthwiseConvolution"/> whose taps t are moved by offsets o, the image read
/// bilinear between pixels and 0 outside (Dai et al., ICCV 2017). With g = Wₜ·∂y, ∂x is g spread over the four pixels by their
/// shares, ∂oₜ(p) = Σ over channels of g·∇x there, ∂Wₜ = Σ ∂y·x(p + t + oₜ), ∂b = Σ ∂y. Where a tap falls exactly on a pixel the
/// gradient of its offset is that of the right and lower side. A NaN offset gives NaN.
/// </summary>
internal sealed class DeformableConvolution : Operator
{
    private readonly Columns _x;
    private readonly Tensor _offsets, _weight;
    private readonly Tensor? _bias;

    private DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias)
    {
        Keep(x.Source);
        (_x, _bias) = (x, bias);
        _offsets = Save(offsets);
        _weight = Save(weight);
    }

    public static Tensor Forward(Columns x, Tensor offsets, Tensor weight, Tensor? bias)
    {
        if (x.Source.Rank != 4)
            throw new ArgumentException($"A deformable convolution takes images (B, H, W, C); got {x.Source.Shape}.");
        DepthwiseConvolution.RequireFit(x, weight, mask: null);
        Tensor source = x.Source;
        Shape wanted = source.Shape.With(3, 2 * weight.Shape[2] * weight.Shape[3]);
        if (offsets.Shape != wanted)
            throw new ArgumentException($"Offsets {offsets.Shape} do not fit an image {source.Shape} and a kernel {weight.Shape}; they are to be {wanted}, row and column for each tap.");
        Tensor y = source.Device.Empty(source.Shape.With(3, x.Width));
        source.Device.Run(new Call(x, offsets, weight, bias, y));
        return Tape.IsRecording(source, offsets, weight, bias) ? Tape.Record(new DeformableConvolution(x, offsets, weight, bias), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dx = NewGradient(_x);
        Tensor doffsets = NewGradient(_offsets) ?? device.Empty(_offsets.Shape), dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape);
        Tensor? dbias = NewGradient(_bias);
        device.Run(new BackwardCall(_x, _offsets, _weight, dy, dx, doffsets, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_offsets, doffsets);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    // Four pixels and a weight for each tap.
    private static long Products(Tensor y, Tensor weight) => 5 * y.Count * weight.Shape.CountOf(1, 4);

    internal readonly record struct Call(Columns X, Tensor Offsets, Tensor Weight, Tensor? Bias, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(DeformableConvolution);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Offsets);
            call.Reads(Weight);
            call.Reads(Bias);
            call.Multiplies(Products(Y, Weight));
        }

        public unsafe void OnCpu() =>
            Kernels.DeformableConvolution.Forward(DepthwiseConvolution.ShapeOf(X, Weight), X.Data, Offsets.Data, Weight.Data, Tensor.DataOrNull(Bias), Y.Data);
    }

    internal readonly record struct BackwardCall(
        Columns X, Tensor Offsets, Tensor Weight, Tensor Dy, Columns Dx, Tensor Doffsets, Tensor Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "DeformableConvolutionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(X);
            call.Reads(Offsets);
            call.Reads(Weight);
            call.Writes(Dx);
            call.Writes(Doffsets);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Multiplies(2 * Products(Dy, Weight));
        }

        public unsafe void OnCpu()
        {
            Kernels.DepthwiseShape shape = DepthwiseConvolution.ShapeOf(X, Weight);
            Kernels.DeformableConvolution.BackwardInput(shape, X.Data, Offsets.Data, Weight.Data, Dy.Data, Dx.Data, Dx.RowStride, Doffsets.Data);
            Kernels.DeformableConvolution.BackwardWeight(shape, X.Data, Offsets.Data, Dy.Data, Dweight.Data, Tensor.DataOrNull(Dbias));
        }
    }
}
