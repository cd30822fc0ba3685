using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y[(i + shift) mod n] = x[i] along a dimension; ∂L/∂x is ∂L/∂y rolled back.</summary>
internal sealed class Roll(Tensor x, int dimension, int shift) : Operator
{
    public static Tensor Forward(Tensor x, int dimension, int shift)
    {
        dimension = x.Shape.Normalize(dimension);
        Tensor y = x.Device.Empty(x.Shape, x.DType);
        x.Device.Run(new Call(x, dimension, shift, y));
        return Tape.IsRecording(x) ? Tape.Record(new Roll(x, dimension, shift), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(x.Shape);
        dy.Device.Run(new Call(dy, dimension, -shift, dx));
        Accumulate(x, dx);
    }

    internal readonly record struct Call(Tensor X, int Dimension, int Shift, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Roll);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, X.DType);
            call.Reads(X, X.DType);
        }

        public unsafe void OnCpu()
        {
            int extent = X.Shape[Dimension];
            if (extent == 0)
                return;
            int shift = ((Shift % extent) + extent) % extent, size = X.DType.Size();
            Kernels.StridedCopy.Block(X.Elements, X.Shape, 0, Y.Elements, Y.Shape, shift, Dimension, extent - shift, size);
            Kernels.StridedCopy.Block(X.Elements, X.Shape, extent - shift, Y.Elements, Y.Shape, 0, Dimension, shift, size);
        }
    }
}
