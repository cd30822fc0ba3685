
namespace PolaFormer.Analysis.Tests;

public class AttentionMapsTests
{
    private const int HeadDim = 6, Queries = 5, Keys = 7;

    [Fact]
    public void EntropyOfEqualWeightsIsTheLogarithmOfTheirNumber() =>
        Assert.Equal(Math.Log(9), AttentionEntropy.Of(Enumerable.Repeat(0.3, 9).ToArray()), 12);

    [Fact]
    public void EntropyOfASingleWeightIsZero() => Assert.Equal(0, AttentionEntropy.Of([0, 0, 4, 0]));

    [Fact]
    public void EntropyOfNothingIsZero() => Assert.Equal(0, AttentionEntropy.Of([0, 0, 0]));

    [Fact]
    public void EntropyDoesNotDependOnScale()
    {
        double[] row = Random(8, 3, positive: true);
        Assert.Equal(AttentionEntropy.Of(row), AttentionEntropy.Of([.. row.Select(value => 1e3 * value)]), 12);
    }

    [Fact]
    public void ASteeperPowerLowersTheEntropy()
    {
        double[] row = Random(12, 4, positive: true);
        double[] entropies = [.. new[] { 1, 2, 3, 4 }.Select(power => AttentionEntropy.Of([.. row.Select(value => Math.Pow(value, power))]))];
        Assert.Equal(entropies.OrderDescending(), entropies);
    }

    [Fact]
    public void RowsOfEveryMapAreNonNegativeAndSumToOneAtMost()
    {
        double[] queries = Random(Queries * HeadDim, 1), keys = Random(Keys * HeadDim, 2);
        (double[] same, double[] opposite) = AttentionMaps.Polarity(queries, keys, [.. Enumerable.Repeat(2.0, HeadDim)]);
        double[] temperatures = [.. Enumerable.Repeat(0.5, 2 * HeadDim)];
        (double[] sharpSame, double[] sharpOpposite) = AttentionMaps.PolarityPlusPlus(queries, keys, temperatures, temperatures);
        double[][] maps =
        [
            AttentionMaps.Softmax(queries, keys, HeadDim), AttentionMaps.Elu(queries, keys, HeadDim), AttentionMaps.Relu(queries, keys, HeadDim),
            AttentionMaps.Focused(queries, keys, HeadDim), same, opposite, sharpSame, sharpOpposite,
        ];
        Assert.All(maps, map => Assert.All(map.Chunk(Keys), row =>
        {
            Assert.All(row, weight => Assert.True(weight >= 0));
            Assert.InRange(row.Sum(), 0.99, 1 + 1e-12);
        }));
    }

    [Fact]
    public void OppositePolaritySwapsTheSignOfTheQueries()
    {
        double[] queries = Random(Queries * HeadDim, 1), keys = Random(Keys * HeadDim, 2), exponents = [.. Enumerable.Repeat(1.7, HeadDim)];
        (double[] same, double[] opposite) = AttentionMaps.Polarity(queries, keys, exponents);
        (double[] flippedSame, double[] flippedOpposite) = AttentionMaps.Polarity([.. queries.Select(value => -value)], keys, exponents);
        Assert.Equal(same, flippedOpposite);
        Assert.Equal(opposite, flippedSame);
    }

    private static double[] Random(int count, int seed, bool positive = false)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => positive ? random.NextDouble() : (2 * random.NextDouble()) - 1)];
    }
}
