using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Which tokens a causal query sees.</summary>
internal static class LowerTriangle
{
    /// <summary>(N, n): 1 where the key is the query or before it, 0 elsewhere.</summary>
    public static Tensor Of(int queries, int keys)
    {
        Tensor triangle = Tensor.Zeros([queries, keys]);
        for (int row = 0; row < queries && triangle.Device is not MetaDevice; row++)
            triangle.AsSpan<float>().Slice(row * keys, Math.Min(row + 1, keys)).Fill(1);
        return triangle;
    }
}
