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
        _x = Keep(x);
        _weight = Save(weight);
        _bias = bias;
    }

    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, int dilation, int groups, Activation activation, Tensor? residual = null)
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
        return Forward(x, weight, bias, shape, activation, residual);
    }

    private static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, in ConvolutionShape shape, Activation activation, Tensor? residual)
    {
        if (shape.OutHeight <= 0 || shape.OutWidth <= 0)
            throw new ArgumentException($"An image of {x.Shape[1]}×{x.Shape[2]} is smaller than the {shape.KernelHeight}×{shape.KernelWidth} kernel.");
        Shape result = [shape.Batch, shape.OutHeight, shape.OutWidth, shape.OutChannels];
        if (residual is not null && residual.Shape != result)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {result}.");
        bool isRecording = Tape.IsRecording(x, weight, bias, residual), isActivated = activation != Activation.None;
        if (residual is not null && (isRecording || Kernels.DepthwiseShape.Fits(shape) || !x.Device.Fuses<AddingCall>()))
            return (residual + Forward(x, weight, bias, shape, Activation.None, null)).Activate(activation);
        if (residual is null && isActivated && (isRecording || !x.Device.Fuses<ActivatedCall>()))
            return Forward(x, weight, bias, shape, Activation.None, null).Activate(activation);

        Tensor y = x.Device.Empty(result);
        if (residual is not null)
            x.Device.Run(new AddingCall(shape, x, weight, bias, residual, activation, y));
        else if (isActivated)
            x.Device.Run(new ActivatedCall(shape, x, weight, bias, activation, y));
        else
            x.Device.Run(new Call(shape, x, weight, bias, y));
        return isRecording ? Tape.Record(new Convolution(shape, x, weight, bias), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x), dweight = NewGradient(_weight), dbias = NewGradient(_bias);
        dy.Device.Run(new BackwardCall(_shape, _x, _weight, dy, dx, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    private static unsafe void Run(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor? residual, Activation activation, Tensor y)
    {
        var finish = new Kernels.ConvolutionFinish { Bias = Tensor.DataOrNull(bias), Addend = Tensor.DataOrNull(residual), Activation = activation };
        if (weight.IsPacked && Kernels.WinogradConvolution.Fits(shape))
            Kernels.WinogradConvolution.ForwardPacked(shape, x.Data, weight.PackedData, finish, y.Data);
        else if (weight.IsPacked)
            Kernels.Convolution2D.ForwardPacked(shape, x.Data, weight.PackedData, finish, y.Data);
        else
            Kernels.Convolution2D.Forward(shape, x.Data, weight.Data, finish, y.Data);
    }

    /// <summary>y = x ∗ W + b.</summary>
    internal readonly record struct Call(ConvolutionShape Shape, Tensor X, Tensor Weight, Tensor? Bias, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Convolution);

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
            if (Kernels.DepthwiseShape.Fits(Shape))
                Kernels.DepthwiseConvolution.Forward(new(Shape), X.Data, DepthwiseConvolution.Taps(Weight), Weight.IsPacked, Tensor.DataOrNull(Bias), new(), Y.Data);
            else
                Run(Shape, X, Weight, Bias, null, Activation.None, Y);
        }
    }

    /// <summary>y = act(x ∗ W + b).</summary>
    internal readonly record struct ActivatedCall(ConvolutionShape Shape, Tensor X, Tensor Weight, Tensor? Bias, Activation Activation, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Convolution)} {Activation}";

        public void Describe(ref CallDescription call) => new Call(Shape, X, Weight, Bias, Y).Describe(ref call);

        public void OnCpu()
        {
            if (!Kernels.DepthwiseShape.Fits(Shape))
            {
                Run(Shape, X, Weight, Bias, null, Activation, Y);
                return;
            }

            Tensor convolved = Device.Cpu.Empty(Y.Shape);
            new Call(Shape, X, Weight, Bias, convolved).OnCpu();
            new Unary.Call(Kernels.Elementwise.FunctionOf(Activation), convolved, Y).OnCpu();
        }
    }

    /// <summary>y = act(residual + x ∗ W + b), where channels are summed.</summary>
    internal readonly record struct AddingCall(ConvolutionShape Shape, Tensor X, Tensor Weight, Tensor? Bias, Tensor Residual, Activation Activation, Tensor Y) : IDeviceCall
    {
        public string Name => Activation == Activation.None ? nameof(Convolution) : $"{nameof(Convolution)} {Activation}";

        public void Describe(ref CallDescription call)
        {
            new Call(Shape, X, Weight, Bias, Y).Describe(ref call);
            call.Reads(Residual);
        }

        public void OnCpu() => Run(Shape, X, Weight, Bias, Residual, Activation, Y);
    }

    internal readonly record struct BackwardCall(ConvolutionShape Shape, Tensor X, Tensor Weight, Tensor Dy, Tensor? Dx, Tensor? Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "ConvolutionBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.Reads(X);
            call.Reads(Weight);
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            int products = (Dx is null ? 0 : 1) + (Dweight is null ? 0 : 1);
            call.Multiplies(products * Dy.Count * Weight.Shape.CountOf(1, 4));
        }

        public unsafe void OnCpu()
        {
            if (Kernels.DepthwiseShape.Fits(Shape))
            {
                var depthwise = new Kernels.DepthwiseShape(Shape);
                if (Dx is not null)
                    Kernels.DepthwiseConvolution.BackwardInput(depthwise, Weight.Data, Dy.Data, false, Dx.Data);
                if (Dweight is not null)
                    Kernels.DepthwiseConvolution.BackwardWeight(depthwise, X.Data, Dy.Data, Dweight.Data, Tensor.DataOrNull(Dbias));
                return;
            }

            if (Dx is not null)
                Kernels.Convolution2D.BackwardInput(Shape, Weight.Data, Dy.Data, Dx.Data);
            if (Dweight is not null)
                Kernels.Convolution2D.BackwardWeight(Shape, X.Data, Dy.Data, Dweight.Data, Tensor.DataOrNull(Dbias));
            else if (Dbias is not null)
                Kernels.Convolution2D.BackwardBias(Shape, Dy.Data, Dbias.Data);
        }
    }
}
