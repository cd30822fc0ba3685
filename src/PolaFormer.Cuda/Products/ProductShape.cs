using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Products;

/// <summary>y (m × n) = act(scale·a·b + bias) (+ an addend that lies as y does), for a batch of a (m × k) and b (k × n).</summary>
/// <param name="Type">Storage of a and b, and of the addend and y unless they are said to be floats; the bias is in floats.</param>
/// <param name="M">Rows of a and y.</param>
/// <param name="N">Columns of b and y.</param>
/// <param name="K">Columns of a, rows of b.</param>
/// <param name="Batch">Products.</param>
/// <param name="Scale">Factor.</param>
/// <param name="Activation">Applied after the bias.</param>
/// <param name="IsMixed">Whether floats of a and b are rounded to bfloat16; sums stay in float.</param>
/// <param name="GivesFloats">Whether y and the addend are floats where a and b are bfloat16.</param>
/// <param name="SumsRows">Whether nothing is added and the sums of a's rows, floats, are written where else the bias is: the gradient of a bias beside that of its weight.</param>
internal readonly record struct ProductShape(
    StorageType Type, int M, int N, int K, int Batch = 1, float Scale = 1, Activation Activation = Activation.None, bool IsMixed = false,
    bool GivesFloats = false, bool SumsRows = false)
{
    /// <summary>Storage of the addend and y.</summary>
    public StorageType Result => GivesFloats ? StorageType.Float : Type;
}
