namespace PolaFormer.Tensors.Kernels;

/// <summary>Arrays of one length that a kernel goes over together: the target, which it writes, and up to three others.</summary>
internal readonly unsafe struct ArrayRow(float* target, float* source, float* first, float* second, long count)
{
    /// <summary>What is updated.</summary>
    public readonly float* Target = target;

    /// <summary>What it is updated from, such as its gradient.</summary>
    public readonly float* Source = source;

    /// <summary>State kept between updates.</summary>
    public readonly float* First = first, Second = second;

    /// <summary>Elements of each array.</summary>
    public readonly long Count = count;

    /// <summary>Step size of an optimiser.</summary>
    public double LearningRate { get; init; }

    /// <summary>Its weight decay.</summary>
    public double WeightDecay { get; init; }
}
