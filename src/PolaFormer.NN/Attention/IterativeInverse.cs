using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// The Moore–Penrose inverse by matrix products alone (Razavi et al., 2014, as Nyströmformer uses it): from
/// Z = Kᵀ / largest column sum, Z ← ¼·Z·(13·I − K·Z·(15·I − K·Z·(7·I − K·Z))), which converges with order three.
/// </summary>
internal static class IterativeInverse
{
    private const int Iterations = 6;

    /// <summary>Multiply-accumulates for one matrix of a size.</summary>
    public static long Cost(long size) => 4L * Iterations * size * size * size;

    /// <summary>The inverse of each matrix, (B, heads, m, m) with non-negative elements.</summary>
    /// <param name="matrices">K.</param>
    /// <param name="sharesStart">Whether the column sum is the largest of all matrices, as in the authors' code, or each matrix's own.</param>
    public static Tensor Of(Tensor matrices, bool sharesStart)
    {
        int size = matrices.Shape[-1];
        Tensor sums = matrices.Sum(2, keepDimensions: true);
        Tensor inverse = matrices.Permute(0, 1, 3, 2) / sums.Max(sharesStart ? [0, 1, 2, 3] : [2, 3], keepDimensions: true);
        Tensor one = Identity(size, matrices.Device);
        for (int i = 0; i < Iterations; i++)
        {
            Tensor product = matrices.MatMul(inverse);
            Tensor inner = product.MatMul((product * -1) + (one * 7));
            Tensor outer = product.MatMul((inner * -1) + (one * 15));
            inverse = (inverse * 0.25f).MatMul((outer * -1) + (one * 13));
        }

        return inverse;
    }

    /// <summary>I.</summary>
    public static Tensor Identity(int size, Device device)
    {
        Tensor positions = Tensor.Arange(size, device: device);
        return positions.Reshape(size, 1).Compare(Comparison.Equal, positions);
    }
}
