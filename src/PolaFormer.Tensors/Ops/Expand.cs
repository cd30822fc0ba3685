using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = x repeated along dimensions in which it has the extent 1 or none; ∂L/∂x is ∂L/∂y summed over them. Empty input gives empty output.</summary>
internal sealed class Expand(Tensor x) : Operator
{
    public static Tensor Forward(Tensor x, Shape shape)
    {
        if (x.Shape == shape)
            return x;
        if (Shape.Broadcast(x.Shape, shape) != shape)
            throw new ArgumentException($"Shape {x.Shape} cannot be repeated to {shape}.", nameof(shape));
        Tensor y = x.Device.Empty(shape, x.DType);
        x.Device.Run(new Call(x, y));
        return Tape.IsRecording(x) ? Tape.Record(new Expand(x), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Run(new SumTo(dy, dx));
        Accumulate(x, dx);
    }

    internal readonly record struct Call(Tensor X, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Expand);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, X.DType);
            call.Reads(X, X.DType);
        }

        public unsafe void OnCpu() => Kernels.StridedCopy.Expand(X.Elements, X.Shape, Y.Elements, Y.Shape, X.DType.Size());
    }
}
