using PolaFormer.Tensors.Random;

namespace PolaFormer.Analysis;

/// <summary>
/// The paper's theorem 1 as an experiment: does a map g with g′ &gt; 0 and g″ &gt; 0 lower the positive-sequence entropy of
/// attention? Once on the weights themselves, g(x), where it must; and once on features, g(q)·g(k), as the mechanism has it,
/// where the proof's lemma 1 turns Jensen's inequality in an unusual direction.
/// </summary>
public static class EntropyTheorem
{
    private const double Rounding = 1e-12;

    /// <summary>The maps that are tried, all with g(0) = 0.</summary>
    public static IReadOnlyList<(string Name, Func<double, double> Map)> Maps { get; } =
    [
        ("x^1.5", x => Math.Pow(x, 1.5)),
        ("x^2", x => x * x),
        ("x^3", x => x * x * x),
        ("x^5", x => Math.Pow(x, 5)),
        ("exp(x) - 1", x => Math.Exp(x) - 1),
        ("exp(x/2) - 1", x => Math.Exp(x / 2) - 1),
        ("x + x^2", x => x + (x * x)),
    ];

    /// <summary>Tries a map on random rows.</summary>
    /// <param name="map">Index in <see cref="Maps"/>.</param>
    /// <param name="keys">Weights of a row.</param>
    /// <param name="features">Features of queries and keys.</param>
    /// <param name="trials">Rows.</param>
    /// <param name="seed">Seed of the draws.</param>
    public static EntropyTrial Try(int map, int keys, int features, int trials, ulong seed = 0)
    {
        (string name, Func<double, double> g) = Maps[map];
        var random = new Philox(seed, (ulong)((keys * 4099) + features));
        float[] draws = new float[features + (keys * features)];
        double[] plain = new double[keys], onWeights = new double[keys], onFeatures = new double[keys];
        (int risesOnWeights, int risesOnFeatures, double before, double after, double worst) = (0, 0, 0, 0, 0);
        for (int trial = 0; trial < trials; trial++)
        {
            // Relu of normal numbers: half are zeros, as in the features of an attention. The query comes first.
            random.FillNormal(draws, (ulong)trial * (ulong)((draws.Length + 3) / 4 * 4));
            for (int key = 0; key < keys; key++)
            {
                (plain[key], onFeatures[key]) = (0, 0);
                for (int c = 0; c < features; c++)
                {
                    (float q, float k) = (draws[c], draws[((key + 1) * features) + c]);
                    if (q <= 0 || k <= 0)
                        continue;
                    plain[key] += (double)q * k;
                    onFeatures[key] += g(q) * g(k);
                }

                onWeights[key] = g(plain[key]);
            }

            double entropy = AttentionEntropy.Of(plain), rise = AttentionEntropy.Of(onFeatures) - entropy;
            risesOnWeights += AttentionEntropy.Of(onWeights) > entropy + Rounding ? 1 : 0;
            risesOnFeatures += rise > Rounding ? 1 : 0;
            (before, after, worst) = (before + (entropy / trials), after + ((entropy + rise) / trials), Math.Max(worst, rise));
        }

        return new EntropyTrial(name, keys, features, trials, before, after, risesOnWeights, risesOnFeatures, worst);
    }
}
