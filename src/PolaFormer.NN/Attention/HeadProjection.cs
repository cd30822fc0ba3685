using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Mixes tokens by one matrix a head, the same for every image.</summary>
internal static class HeadProjection
{
    /// <summary>(heads, N, n) on (B, n, C) → (B, N, C). The images lie side by side, so that a matrix is read once for all.</summary>
    public static Tensor Apply(Tensor matrices, Tensor tokens)
    {
        (int batch, int count, int heads) = (tokens.Shape[0], tokens.Shape[1], matrices.Shape[0]);
        Tensor wide = tokens.Reshape(batch, count, heads, -1).Permute(2, 1, 0, 3).Reshape(heads, count, -1);
        return matrices.MatMul(wide).Reshape(heads, matrices.Shape[1], batch, -1).Permute(2, 1, 0, 3).Reshape(batch, matrices.Shape[1], tokens.Shape[2]);
    }
}
