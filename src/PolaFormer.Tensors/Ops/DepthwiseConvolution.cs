using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = (m·x) ∗ W + b (+ x), one kernel a channel, k×k of an image or k of a sequence, stride 1, size kept; m, a factor of each token
/// of a sequence, is 1 if not given. x may be columns of a wider image and W may have
/// fewer channels than x, which then share kernels: channel c takes kernel c mod (channels of W). ∂x is ∂y spread back
/// through W, times m (+ ∂y), ∂W the correlation of m·x with ∂y, ∂b = Σ ∂y. Pixels outside the image are 0.
/// </summary>
internal sealed class DepthwiseConvolution : Operator
{
    private readonly Columns _x;
    private readonly Tensor _weight;
    private readonly Tensor? _bias, _mask;
    private readonly bool _addInput;

    private DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor? mask)
    {
        Keep(x.Source);
        _mask = SaveIfPresent(mask);
        (_x, _bias, _addInput) = (x, bias, addInput);
        _weight = Save(weight);
    }

    public static Tensor Forward(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor? mask = null)
    {
        Tensor source = x.Source;
        RequireFit(x, weight, mask);
        Tensor y = source.Device.Empty(source.Shape.With(-1, x.Width), source.Device.TypeOfResult(source));
        source.Device.Run(new Call(x, weight, bias, addInput, mask, y));
        return Tape.IsRecording(source, weight, bias) ? Tape.Record(new DepthwiseConvolution(x, weight, bias, addInput, mask), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Tensor source = _x.Source;
        Tensor dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape);
        Tensor? dbias = NewGradient(_bias);
        Columns? dx = source.IsTracked ? NewGradient(_x) : (Columns?)null;
        device.Run(new BackwardCall(_x, _weight, _addInput, _mask, dy, dx, dweight, dbias));
        if (dx is { } gradient)
            Accumulate(_x, gradient);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    internal static void RequireFit(Columns x, Tensor weight, Tensor? mask)
    {
        int rank = x.Source.Rank;
        if (rank is not (3 or 4) || weight.Rank != rank || weight.Shape[1] != 1 || weight.Shape[2] != weight.Shape[-1] || weight.Shape[2] % 2 == 0 || x.Width % weight.Shape[0] != 0)
            throw new ArgumentException($"A depthwise convolution with weight {weight.Shape} does not take {x.Width} channels of {x.Source.Shape}; it wants (B, H, W, C) and an odd square kernel, or (B, N, C) and an odd kernel, and C a multiple of {weight.Shape[0]}.");
        if (mask is null)
            return;
        if (rank != 3)
            throw new ArgumentException("A depthwise convolution takes a mask of a sequence (B, N, C) alone.");
        AttentionHeads.RequireMask(mask, x.Source.Shape[0], x.Source.Shape[1]);
    }

    /// <summary>First element of a weight in whichever layout it has.</summary>
    internal static unsafe float* Taps(Tensor weight) => weight.IsPacked ? weight.PackedData : weight.Data;

    internal static unsafe Kernels.DepthwiseShape ShapeOf(Columns x, Tensor weight, Tensor? mask = null)
    {
        // A sequence is an image of one line.
        (int kernel, bool isSequence) = (weight.Shape[2], weight.Rank == 3);
        return new Kernels.DepthwiseShape
        {
            Convolution = new ConvolutionShape
            {
                Batch = x.Source.Shape[0],
                Height = isSequence ? 1 : x.Source.Shape[1],
                Width = x.Source.Shape[isSequence ? 1 : 2],
                InChannels = x.Width,
                OutChannels = x.Width,
                KernelHeight = isSequence ? 1 : kernel,
                KernelWidth = kernel,
                StrideH = 1,
                StrideW = 1,
                PadH = isSequence ? 0 : kernel / 2,
                PadW = kernel / 2,
                DilationH = 1,
                DilationW = 1,
                Groups = x.Width,
            },
            WeightChannels = weight.Shape[0],
            InputStride = x.RowStride,
            Mask = Tensor.DataOrNull(mask),
        };
    }

    internal readonly record struct Call(Columns X, Tensor Weight, Tensor? Bias, bool AddInput, Tensor? Mask, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(DepthwiseConvolution);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.ReadsFor(Y, X);
            call.Reads(Weight);
            call.Reads(Bias);
            call.Reads(Mask);
            call.Multiplies(Y.Count * Weight.Shape.CountOf(1, Weight.Rank));
        }

        public unsafe void OnCpu()
        {
            var finish = new Kernels.DepthwiseFinish { AddsInput = AddInput };
            Kernels.DepthwiseConvolution.Forward(ShapeOf(X, Weight, Mask), X.Data, Taps(Weight), Weight.IsPacked, Tensor.DataOrNull(Bias), finish, Y.Data);
        }
    }

    internal readonly record struct BackwardCall(Columns X, Tensor Weight, bool AddInput, Tensor? Mask, Tensor Dy, Columns? Dx, Tensor Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "DepthwiseConvolutionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(X);
            call.Reads(Weight);
            call.Reads(Mask);
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Multiplies((Dx is null ? 1 : 2) * Dy.Count * Weight.Shape.CountOf(1, Weight.Rank));
        }

        public unsafe void OnCpu()
        {
            if (Dx is { } gradient)
                Kernels.DepthwiseConvolution.BackwardInput(ShapeOf(gradient, Weight, Mask), Weight.Data, Dy.Data, AddInput, gradient.Data);
            Kernels.DepthwiseConvolution.BackwardWeight(ShapeOf(X, Weight, Mask), X.Data, Dy.Data, Dweight.Data, Tensor.DataOrNull(Dbias));
        }
    }
}
