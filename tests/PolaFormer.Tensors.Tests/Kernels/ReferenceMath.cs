namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>Functions in double precision that System.Math lacks.</summary>
internal static class ReferenceMath
{
    /// <summary>erf by its power series below 3 and from erfc above (error about 1e-14).</summary>
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (!(a < 3))
            return double.IsNaN(x) ? x : Math.Sign(x) * (1 - ErfcFar(a));
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            double next = sum + (term / ((2 * n) + 1));
            if (next == sum)
                break;
            sum = next;
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>erfc by its continued fraction, for x ≥ 2.</summary>
    private static double ErfcFar(double x)
    {
        if (x > 27)
            return 0;
        double fraction = 0;
        for (int n = 200; n >= 1; n--)
            fraction = n / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + fraction);
    }

    public static double ExpMinusOne(double x)
    {
        if (Math.Abs(x) > 1e-3)
            return Math.Exp(x) - 1;
        return x * (1 + (x / 2 * (1 + (x / 3 * (1 + (x / 4 * (1 + (x / 5))))))));
    }

    /// <summary>ln(1 + x) for x ≥ 0.</summary>
    public static double LogOnePlus(double x) => x < 1e-3 ? x * (1 - (x * ((1.0 / 2) - (x * ((1.0 / 3) - (x * ((1.0 / 4) - (x / 5)))))))) : Math.Log(1 + x);

    public static double Softplus(double x) => x > 20 ? x : LogOnePlus(Math.Exp(x));

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    public static double Phi(double x) => x < -3 ? ErfcFar(-x / Math.Sqrt(2)) / 2 : (1 + Erf(x / Math.Sqrt(2))) / 2;
}
