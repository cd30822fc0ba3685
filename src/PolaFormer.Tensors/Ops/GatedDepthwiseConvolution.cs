using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = s·g with s = x ∗ W + b + a: a <see cref="DepthwiseConvolution"/>, an addend and a gate, which may be columns of a wider
/// image as x may. ∂g = s·∂y; with ∂s = g·∂y, ∂a = ∂s, and ∂x, ∂W and ∂b are the convolution's for ∂s.
/// </summary>
internal sealed class GatedDepthwiseConvolution : Operator
{
    private readonly Columns _x, _gate;
    private readonly Tensor _weight, _addend, _sum;
    private readonly Tensor? _bias;

    private GatedDepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor sum)
    {
        (_x, _bias, _addend, _gate) = (x, bias, addend, gate);
        Save(x.Source);
        Save(gate.Source);
        _weight = Save(weight);
        _sum = Save(sum);
    }

    public static Tensor Forward(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate)
    {
        DepthwiseConvolution.RequireFit(x, weight);
        Tensor source = x.Source, y = source.Device.Empty(source.Shape.With(3, x.Width));
        if (addend.Shape != y.Shape || gate.Width != x.Width || gate.Source.Count / gate.RowStride != y.Count / x.Width)
            throw new ArgumentException($"An addend {addend.Shape} and a gate of {gate.Width} columns of {gate.Source.Shape} do not fit the result {y.Shape}.");
        bool tracked = Tape.IsRecording(source, weight, bias, addend, gate.Source);
        Tensor? sum = tracked ? source.Device.Empty(y.Shape) : null;
        source.Device.GatedDepthwiseConvolution(x, weight, bias, addend, gate, sum, y);
        return tracked ? Tape.Record(new GatedDepthwiseConvolution(x, weight, bias, addend, gate, sum!), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Tensor dsum = device.Empty(dy.Shape);
        Columns dgate = NewGradient(_gate), dx = NewGradient(_x);
        Tensor dweight = NewGradient(_weight) ?? device.Empty(_weight.Shape);
        Tensor? dbias = NewGradient(_bias);
        device.GateBackward(dy, _sum, _gate, dsum, dgate);
        device.DepthwiseConvolutionBackward(_x, _weight, false, dsum, dx, dweight, dbias);
        Accumulate(_gate, dgate);
        Accumulate(_x, dx);
        Accumulate(_addend, dsum);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }
}
