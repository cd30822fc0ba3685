using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = x under another shape, in the same memory; ∂L/∂x = ∂L/∂y under x's shape.</summary>
internal sealed class Reshape(Tensor x) : Operator
{
    public static Tensor Forward(Tensor x, Shape shape)
    {
        if (shape.Count != x.Count)
            throw new ArgumentException($"Shape {x.Shape} ({x.Count} elements) cannot be reshaped to {shape} ({shape.Count}).", nameof(shape));
        Tensor y = x.View(0, shape);
        return Tape.IsRecording(x) ? Tape.Record(new Reshape(x), y) : y;
    }

    protected internal override void Backward(Tensor dy) => Accumulate(x, dy.View(0, x.Shape));
}
