namespace PolaFormer.Analysis.Tests;

/// <summary>Theorem 1 of the paper: convex maps and the entropy of attention.</summary>
public class EntropyTheoremTests
{
    public static TheoryData<int> Maps => [.. Enumerable.Range(0, EntropyTheorem.Maps.Count)];

    [Theory]
    [MemberData(nameof(Maps))]
    public void AppliedToTheWeightsAConvexMapNeverRaisesTheEntropy(int map) =>
        Assert.Equal(0, EntropyTheorem.Try(map, keys: 24, features: 6, trials: 300).CounterexamplesOnWeights);

    [Theory]
    [MemberData(nameof(Maps))]
    public void AppliedToQueriesAndKeysItLowersTheEntropyOnAverage(int map)
    {
        EntropyTrial trial = EntropyTheorem.Try(map, keys: 64, features: 16, trials: 300);
        Assert.True(trial.After < trial.Before);
    }

    [Fact]
    public void AppliedToQueriesAndKeysItCanRaiseTheEntropy()
    {
        static double Entropy(double power, double[] query, params double[][] keys) =>
            AttentionEntropy.Of([.. keys.Select(key => key.Zip(query, (a, b) => Math.Pow(a, power) * Math.Pow(b, power)).Sum())]);

        // Weights 4 and 2 become 4 and 4: one evenly spread key against one that has all in a single feature.
        double[] query = [1, 1, 1, 1], spread = [1, 1, 1, 1], single = [2, 0, 0, 0];
        double before = Entropy(1, query, spread, single), after = Entropy(2, query, spread, single);
        Assert.True(after > before);
        Assert.Equal(Math.Log(2), after, 12);
    }

    [Fact]
    public void TheSameSeedGivesTheSameTrial() =>
        Assert.Equal(EntropyTheorem.Try(1, 16, 4, 50, seed: 5), EntropyTheorem.Try(1, 16, 4, 50, seed: 5));
}
