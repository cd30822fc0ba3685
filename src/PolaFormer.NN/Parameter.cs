using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

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

    /// <summary>Multiplies the elements by one factor for each index of the first dimension: folds a scaling of a layer's outputs into it.</summary>
    /// <param name="factors">As many as the first extent, of any shape.</param>
    internal void ScaleRows(Tensor factors)
    {
        using var scope = MemoryScope.Enter();
        Tensor rows = Detach().Reshape(Shape[0], -1);
        CopyFrom((rows * factors.Detach().Reshape(Shape[0], 1)).Reshape(Shape));
    }

    /// <summary>Hands the weight (out, in / <paramref name="groups"/>, …) to its device to lay out for inference.</summary>
    /// <param name="groups">Independent groups of channels.</param>
    /// <param name="isDense">Whether it is a kernel that visits every pixel and has no gaps between its taps.</param>
    internal void PackForInference(int groups = 1, bool isDense = false) => Pack(groups, isDense);
}
