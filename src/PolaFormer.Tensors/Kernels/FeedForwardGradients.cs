using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// What the backward pass of two linear layers reads and writes: x (Rows, Inputs), the values before the activation (Rows,
/// Hidden), the weights (Hidden, Inputs) and (Outputs, Hidden), dy (Rows, Outputs), and gradients of the same extents.
/// </summary>
internal unsafe struct FeedForwardGradients
{
    public int Rows, Inputs, Hidden, Outputs;
    public Activation Activation;

    /// <summary>Null, or how activated values were dropped.</summary>
    public (float Probability, Philox Generator)? Dropout;

    public float* X, Kept, Weight1, Weight2, Dy;

    /// <summary>Null where it is not needed; a bias's only together with its weight's.</summary>
    public float* Dx, DWeight1, DBias1, DWeight2, DBias2;
}
