using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A tensor that training changes. Its gradient sums up in <see cref="Tensor.Grad"/>.</summary>
public sealed class Parameter : Tensor
{
    /// <summary>Makes a parameter with undefined values; <see cref="Module.Initialize"/> or a checkpoint fills it.</summary>
    public Parameter(Shape shape, Initializer initializer, Device? device = null)
        : base(Empty(shape, DType.Float32, device))
    {
        RequiresGrad = true;
        Initializer = initializer;
    }

    /// <summary>The distribution of the first values.</summary>
    public Initializer Initializer { get; }
}
