namespace PolaFormer.Analysis;

/// <summary>What a few measured values say of their mean.</summary>
public static class SampleStatistics
{
    // Student's t at 97.5 % for 1, 2, … degrees of freedom; beyond, the expansion of Cornish and Fisher from the normal quantile.
    private static readonly double[] s_quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

    private const double NormalQuantile = 1.959964;

    /// <summary>Standard deviation with n − 1 in the divisor; NaN for fewer than two values.</summary>
    public static double DeviationOf(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
            return double.NaN;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }

    /// <summary>Half of the 95 % interval of the mean by Student's t, for values of a normal distribution; NaN for fewer than two.</summary>
    public static double HalfIntervalOf(IReadOnlyList<double> values) =>
        values.Count < 2 ? double.NaN : QuantileOf(values.Count - 1) * DeviationOf(values) / Math.Sqrt(values.Count);

    private static double QuantileOf(int degrees)
    {
        if (degrees <= s_quantiles.Length)
            return s_quantiles[degrees - 1];
        const double z = NormalQuantile;
        return z + (((z * z * z) + z) / (4 * degrees)) + (((5 * Math.Pow(z, 5)) + (16 * z * z * z) + (3 * z)) / (96.0 * degrees * degrees));
    }
}
