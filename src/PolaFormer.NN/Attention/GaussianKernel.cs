using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>exp(−|x − y|²/2) of every pair of tokens.</summary>
internal static class GaussianKernel
{
    /// <summary>(…, N, d) and (…, n, d) → (…, N, n).</summary>
    public static Tensor Of(Tensor x, Tensor y) => (x.MatMul(y, transposeB: true) - HalfSquare(x) - HalfSquare(y).Reshape(y.Shape.With(-2, 1).With(-1, y.Shape[-2]))).Exp();

    private static Tensor HalfSquare(Tensor x) => x.Apply(UnaryFunction.Square).Sum(-1, keepDimensions: true) * 0.5f;
}
