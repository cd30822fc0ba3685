using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x ∗ W + b (+ x), one k×k kernel a channel, stride 1, size kept; x may be columns of a wider image and W may have
/// fewer channels than x, which then share kernels: channel c takes kernel c mod (channels of W). ∂x is ∂y spread back
/// through W (+ ∂y), ∂W the correlation of x with ∂y, ∂b = Σ ∂y. Pixels outside the image are 0.
/// </summary>
internal sealed class DepthwiseConvolution : Operator
{
    private readonly Columns _x;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly bool _addInput;

    private DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput)
    {
        Save(x.Source);
        (_x, _bias, _addInput) = (x, bias, addInput);
        _weight = Save(weight);
    }

    public static Tensor Forward(Columns x, Tensor weight, Tensor? bias, bool addInput)
    {
        Tensor source = x.Source;
        RequireFit(x, weight);
        Tensor y = source.Device.Empty(source.Shape.With(3, x.Width));
        source.Device.Run(new Call(x, weight, bias, addInput, y));
        return Tape.IsRecording(source, weight, bias) ? Tape.Record(new DepthwiseConvolution(x, weight, bias, addInput), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Tensor source = _x.Source;
        Tensor dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape);
        Tensor? dbias = NewGradient(_bias);
        Columns? dx = source.IsTracked ? NewGradient(_x) : (Columns?)null;
        device.Run(new BackwardCall(_x, _weight, _addInput, dy, dx, dweight, dbias));
        if (dx is { } gradient)
            Accumulate(_x, gradient);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    internal static void RequireFit(Columns x, Tensor weight)
    {
        if (x.Source.Rank != 4 || weight.Rank != 4 || weight.Shape[1] != 1 || weight.Shape[2] != weight.Shape[3] || weight.Shape[2] % 2 == 0 || x.Width % weight.Shape[0] != 0)
            throw new ArgumentException($"A depthwise convolution with weight {weight.Shape} does not take {x.Width} channels of {x.Source.Shape}; it wants (B, H, W, C), an odd square kernel and C a multiple of {weight.Shape[0]}.");
    }

    /// <summary>First element of a weight in whichever layout it has.</summary>
    internal static unsafe float* Taps(Tensor weight) => weight.IsPacked ? weight.PackedData : weight.Data;

    internal static Kernels.DepthwiseShape ShapeOf(Columns x, Tensor weight)
    {
        int kernel = weight.Shape[2];
        return new Kernels.DepthwiseShape
        {
            Convolution = new ConvolutionShape
            {
                Batch = x.Source.Shape[0],
                Height = x.Source.Shape[1],
                Width = x.Source.Shape[2],
                InChannels = x.Width,
                OutChannels = x.Width,
                KernelHeight = kernel,
                KernelWidth = kernel,
                StrideH = 1,
                StrideW = 1,
                PadH = kernel / 2,
                PadW = kernel / 2,
                DilationH = 1,
                DilationW = 1,
                Groups = x.Width,
            },
            WeightChannels = weight.Shape[0],
            InputStride = x.RowStride,
        };
    }

    internal readonly record struct Call(Columns X, Tensor Weight, Tensor? Bias, bool AddInput, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(DepthwiseConvolution);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Weight);
            call.Reads(Bias);
            call.Multiplies(Y.Count * Weight.Shape.CountOf(1, 4));
        }

        public unsafe void OnCpu()
        {
            var finish = new Kernels.DepthwiseFinish { AddsInput = AddInput };
            Kernels.DepthwiseConvolution.Forward(ShapeOf(X, Weight), X.Data, Taps(Weight), Weight.IsPacked, Tensor.DataOrNull(Bias), finish, Y.Data);
        }
    }

    internal readonly record struct BackwardCall(Columns X, Tensor Weight, bool AddInput, Tensor Dy, Columns? Dx, Tensor Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "DepthwiseConvolutionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(X);
            call.Reads(Weight);
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Multiplies((Dx is null ? 1 : 2) * Dy.Count * Weight.Shape.CountOf(1, 4));
        }

        public unsafe void OnCpu()
        {
            if (Dx is { } gradient)
                Kernels.DepthwiseConvolution.BackwardInput(ShapeOf(gradient, Weight), Weight.Data, Dy.Data, AddInput, gradient.Data);
            Kernels.DepthwiseConvolution.BackwardWeight(ShapeOf(X, Weight), X.Data, Dy.Data, Dweight.Data, Tensor.DataOrNull(Dbias));
        }
    }
}
