using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training;

/// <summary>The beta distribution, as a ratio of gamma variables.</summary>
internal static class BetaDistribution
{
    /// <summary>A number of [0, 1]. Gamma variables stay logarithms: small parameters make them smaller than a double can be.</summary>
    public static double Draw(double alpha, double beta, IRandomSource random)
    {
        double first = DrawLogGamma(alpha, random), second = DrawLogGamma(beta, random);
        return 1 / (1 + Math.Exp(second - first));
    }

    /// <summary>Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below 1, that of shape + 1 times U^(1/shape).</summary>
    private static double DrawLogGamma(double shape, IRandomSource random)
    {
        if (shape < 1)
            return DrawLogGamma(shape + 1, random) + (Math.Log(1 - random.Uniform(0, 1)) / shape);
        double d = shape - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.Normal(0, 1), v = 1 + (c * x);
            if (v <= 0)
                continue;
            double logCube = 3 * Math.Log(v);
            if (Math.Log(1 - random.Uniform(0, 1)) < (0.5 * x * x) + (d * (1 - (v * v * v) + logCube)))
                return Math.Log(d) + logCube;
        }
    }
}
