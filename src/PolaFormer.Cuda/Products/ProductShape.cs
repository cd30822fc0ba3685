using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Products;

/// <summary>y (m × n) = act(scale·a·b + bias), or added to y, for a batch of a (m × k) and b (k × n).</summary>
/// <param name="Type">Storage of a, b and y; the bias is in floats.</param>
/// <param name="M">Rows of a and y.</param>
/// <param name="N">Columns of b and y.</param>
/// <param name="K">Columns of a, rows of b.</param>
/// <param name="Batch">Products.</param>
/// <param name="Scale">Factor.</param>
/// <param name="Accumulate">Whether the result is added to y.</param>
/// <param name="Activation">Applied after the bias.</param>
internal readonly record struct ProductShape(
    StorageType Type, int M, int N, int K, int Batch = 1, float Scale = 1, bool Accumulate = false, Activation Activation = Activation.None);
