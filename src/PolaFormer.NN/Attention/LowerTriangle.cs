using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>The mask of causal attention.</summary>
internal static class LowerTriangle
{
    /// <summary>(N, n): 1 where the key is the query or before it, 0 elsewhere.</summary>
    public static Tensor Of(int queries, int keys, Device device) =>
        Tensor.Arange(queries, device: device).Reshape(queries, 1).Compare(Comparison.GreaterOrEqual, Tensor.Arange(keys, device: device));
}
