using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = s·g with s = (m·x) ∗ W + b + a: a <see cref="DepthwiseConvolution"/>, an addend and a gate, which may be columns of a wider
/// image as x may. ∂g = s·∂y; with ∂s = g·∂y, ∂a = ∂s, and ∂x, ∂W and ∂b are the convolution's for ∂s.
/// </summary>
internal sealed class GatedDepthwiseConvolution : Operator
{
    private readonly Columns _x, _gate;
    private readonly Tensor _weight, _addend, _sum;
    private readonly Tensor? _bias, _mask;

    private GatedDepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? mask, Tensor sum)
    {
        _mask = SaveIfPresent(mask);
        (_x, _bias, _addend, _gate) = (x, bias, addend, gate);
        Keep(x.Source);
        Keep(gate.Source);
        _weight = Save(weight);
        _sum = Keep(sum, isResult: true);
    }

    public static Tensor Forward(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? mask = null)
    {
        DepthwiseConvolution.RequireFit(x, weight, mask);
        Tensor source = x.Source;
        Shape shape = source.Shape.With(-1, x.Width);
        if (addend.Shape != shape || gate.Width != x.Width || gate.Source.Count / gate.RowStride != shape.Count / x.Width)
            throw new ArgumentException($"An addend {addend.Shape} and a gate of {gate.Width} columns of {gate.Source.Shape} do not fit the result {shape}.");
        if (!source.Device.Fuses<Call>())
            return Compose(x, weight, bias, addend, gate, mask);

        Tensor y = source.Device.Empty(shape, source.Device.TypeOfResult(source, addend, gate.Source));
        bool tracked = Tape.IsRecording(source, weight, bias, addend, gate.Source);
        Tensor? sum = tracked ? source.Device.Empty(y.Shape, y.DType) : null;
        source.Device.Run(new Call(x, weight, bias, addend, gate, mask, sum, y));
        return tracked ? Tape.Record(new GatedDepthwiseConvolution(x, weight, bias, addend, gate, mask, sum!), y) : y;
    }

    private static Tensor Compose(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? mask) =>
        (addend + DepthwiseConvolution.Forward(x, weight, bias, false, mask)) * gate.ToTensor().Reshape(addend.Shape);

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Tensor dsum = device.Empty(dy.Shape);
        Columns dgate = NewGradient(_gate), dx = NewGradient(_x);
        Tensor dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape);
        Tensor? dbias = NewGradient(_bias);
        device.Run(new GateBackwardCall(dy, _sum, _gate, dsum, dgate));
        device.Run(new DepthwiseConvolution.BackwardCall(_x, _weight, false, _mask, dsum, dx, dweight, dbias));
        Accumulate(_gate, dgate);
        Accumulate(_x, dx);
        Accumulate(_addend, dsum);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    /// <summary>y = s·g with s = (m·x) ∗ W + b + a, which is kept in <paramref name="Sum"/> if that is given.</summary>
    internal readonly record struct Call(Columns X, Tensor Weight, Tensor? Bias, Tensor Addend, Columns Gate, Tensor? Mask, Tensor? Sum, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(GatedDepthwiseConvolution);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            if (Sum is not null)
                call.WritesAny(Sum);
            call.ReadsFor(Y, X);
            call.Reads(Weight);
            call.Reads(Bias);
            call.ReadsFor(Y, Addend);
            call.ReadsFor(Y, Gate);
            call.Reads(Mask);
            call.Multiplies(Y.Count * Weight.Shape.CountOf(1, Weight.Rank));
        }

        public unsafe void OnCpu()
        {
            var finish = new Kernels.DepthwiseFinish { Addend = Addend.Data, Gate = Gate.Data, GateStride = Gate.RowStride, Sum = Tensor.DataOrNull(Sum) };
            Kernels.DepthwiseConvolution.Forward(
                DepthwiseConvolution.ShapeOf(X, Weight, Mask), X.Data, DepthwiseConvolution.Taps(Weight), Weight.IsPacked, Tensor.DataOrNull(Bias), finish, Y.Data);
        }
    }

    /// <summary>The gradients of y = sum·gate: dsum = dy·gate, dgate = dy·sum.</summary>
    internal readonly record struct GateBackwardCall(Tensor Dy, Tensor Sum, Columns Gate, Tensor Dsum, Columns Dgate) : IDeviceCall
    {
        public string Name => "GateBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dsum);
            call.Writes(Dgate);
            call.Reads(Dy);
            call.Reads(Sum);
            call.Reads(Gate);
        }

        public unsafe void OnCpu() => Kernels.Elementwise.GateBackward(
            Dy.Data, Sum.Data, Gate.Data, Gate.RowStride, Dsum.Data, Dgate.Data, Dgate.RowStride, Dy.Count / Gate.Width, Gate.Width);
    }
}
