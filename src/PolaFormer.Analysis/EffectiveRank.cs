using MathNet.Numerics.LinearAlgebra;

namespace PolaFormer.Analysis;

/// <summary>
/// Effective rank of a matrix (Roy and Vetterli, EUSIPCO 2007): e to the entropy of its normalised singular values. Between 1
/// and the rank; a linear attention's map has at most as many as features, and a convolution of the values adds to it.
/// </summary>
public static class EffectiveRank
{
    /// <summary>The effective rank of a (rows, columns) matrix; 0 of one of zeros only, NaN of one with values that are not finite.</summary>
    public static double Of(ReadOnlySpan<float> matrix, int columns)
    {
        // The search for singular values does not end with such values.
        foreach (float value in matrix)
        {
            if (!float.IsFinite(value))
                return double.NaN;
        }

        Matrix<float> transposed = Matrix<float>.Build.Dense(columns, matrix.Length / columns, matrix.ToArray());
        // Its storage is column by column, so this is the transpose, of the same singular values.
        double[] values = [.. transposed.Svd(computeVectors: false).S.Select(value => (double)value)];
        return values.Sum() == 0 ? 0 : Math.Exp(AttentionEntropy.Of(values));
    }
}
