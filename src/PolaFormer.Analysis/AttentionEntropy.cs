namespace PolaFormer.Analysis;

/// <summary>
/// Positive sequence entropy (PolaFormer, ICLR 2025, definition 1): how evenly a row of non-negative attention weights is
/// spread. Low for a spiky row, ln n for n equal weights; the scale of the row does not matter.
/// </summary>
public static class AttentionEntropy
{
    /// <summary>−Σ (xᵢ/s)·ln(xᵢ/s) with s = Σ xᵢ; zeros contribute 0, a row of only zeros gives 0, one with a value that is not finite NaN.</summary>
    /// <param name="sequence">Values of at least 0.</param>
    public static double Of(ReadOnlySpan<double> sequence)
    {
        double sum = 0, entropy = 0;
        foreach (double value in sequence)
            sum += value;
        if (!double.IsFinite(sum))
            return double.NaN;
        foreach (double value in sequence)
        {
            double share = value / sum;
            if (share > 0)
                entropy -= share * Math.Log(share);
        }

        return entropy;
    }

    /// <summary>The entropy of every row of a (rows, columns) map.</summary>
    internal static double[] OfRows(ReadOnlySpan<double> map, int columns)
    {
        double[] entropies = new double[map.Length / columns];
        for (int row = 0; row < entropies.Length; row++)
            entropies[row] = Of(map.Slice(row * columns, columns));
        return entropies;
    }
}
