using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Analysis.Tests;

/// <summary>What is read off embeddings.</summary>
public class EmbeddingTests
{
    [Fact]
    public void SeparatedClassesAreFoundByNeighboursAndByAProbe()
    {
        EmbeddingSet known = Clusters(seed: 1, distance: 4), asked = Clusters(seed: 2, distance: 4);
        Assert.Equal(1, NearestNeighbours.Accuracy(known, asked, 5));
        Assert.Equal(1, LinearProbe.Accuracy(known, asked));
    }

    [Fact]
    public void WithoutSeparationBothGuess()
    {
        EmbeddingSet known = Clusters(seed: 1, distance: 0), asked = Clusters(seed: 2, distance: 0);
        Assert.InRange(NearestNeighbours.Accuracy(known, asked, 5), 0.2, 0.5);
        Assert.InRange(LinearProbe.Accuracy(known, asked), 0.2, 0.5);
    }

    [Fact]
    public void AProbeSeesAChannelThatIsSmallBesideOthers()
    {
        // The class is the sign of a channel of a thousandth of the size of the other.
        static EmbeddingSet Set(ulong seed)
        {
            float[] values = new float[200];
            new Philox(seed, 0).FillNormal(values, 0);
            for (int i = 1; i < values.Length; i += 2)
                values[i] *= 1e-3f;
            return new EmbeddingSet(values, 2, [.. Enumerable.Range(0, 100).Select(i => values[(2 * i) + 1] > 0 ? 1 : 0)]);
        }

        Assert.True(LinearProbe.Accuracy(Set(1), Set(2)) > 0.95);
    }

    [Fact]
    public void PrincipalComponentsAreTheLongestAxes()
    {
        // Axes of variance 9, 4 and 0.01 in four dimensions.
        float[] noise = new float[3 * 400], values = new float[4 * 400];
        new Philox(3, 0).FillNormal(noise, 0);
        for (int i = 0; i < 400; i++)
            (values[(4 * i) + 2], values[4 * i], values[(4 * i) + 1]) = ((3 * noise[3 * i]) + 7, 2 * noise[(3 * i) + 1], 0.1f * noise[(3 * i) + 2]);
        var components = PrincipalComponents.Of(new EmbeddingSet(values, 4, new int[400]));
        Assert.InRange(components.Shares[0], 0.6, 0.78);
        Assert.InRange(components.Shares.Sum(), 0.995, 1);
        double[] first = [.. Enumerable.Range(0, 400).Select(i => (double)components.Places[2 * i])];
        double correlation = first.Zip(Enumerable.Range(0, 400).Select(i => (double)noise[3 * i]), (a, b) => a * b).Sum() / Math.Sqrt(first.Sum(a => a * a) * Enumerable.Range(0, 400).Sum(i => (double)noise[3 * i] * noise[3 * i]));
        Assert.True(Math.Abs(correlation) > 0.98);
    }

    [Fact]
    public void OnTheMapOfNeighboursGroupsKeepApart()
    {
        EmbeddingSet set = Clusters(seed: 1, distance: 4);
        var map = NeighbourMap.Of(set, perplexity: 10);
        Assert.Equal(1, NearestOfTheSameClass(map.Places, set.Labels));
        Assert.InRange(map.Divergence, 0, 1);
        Assert.True(map.Divergence < NeighbourMap.Of(Clusters(seed: 1, distance: 0), perplexity: 10).Divergence);
    }

    [Fact]
    public void TheMapOfNeighboursIsTheSameForAnyNumberOfThreads()
    {
        EmbeddingSet set = Clusters(seed: 4, distance: 1);
        using IDisposable one = Workers.Limit(1);
        float[] alone = NeighbourMap.Of(set).Places;
        one.Dispose();
        Assert.Equal(alone, NeighbourMap.Of(set).Places);
    }

    // Two images at one place, and all of them at one.
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(40)]
    public void EqualEmbeddingsHaveAMap(int count)
    {
        float[] values = new float[count * 3];
        Array.Fill(values, 2);
        Assert.All(NeighbourMap.Of(new EmbeddingSet(values, 3, new int[count])).Places, place => Assert.True(float.IsFinite(place)));
    }

    private static double NearestOfTheSameClass(float[] places, int[] labels) => Enumerable.Range(0, labels.Length).Average(i => labels[Enumerable.Range(0, labels.Length).Where(j => j != i)
        .MinBy(j => Math.Pow(places[2 * i] - places[2 * j], 2) + Math.Pow(places[(2 * i) + 1] - places[(2 * j) + 1], 2))] == labels[i] ? 1.0 : 0);

    [Theory]
    [InlineData(new double[] { 1, 2, 3 }, 1, 2.484)]
    [InlineData(new double[] { 5, 5 }, 0, 0)]
    public void AnIntervalIsThatOfStudentsT(double[] values, double deviation, double half)
    {
        Assert.Equal(deviation, SampleStatistics.DeviationOf(values), 1e-9);
        Assert.Equal(half, SampleStatistics.HalfIntervalOf(values), 1e-3);
    }

    [Fact]
    public void ManyValuesHaveAnIntervalNearTheNormalOne()
    {
        double[] values = [.. Enumerable.Range(0, 30).Select(i => i % 2 == 0 ? -1.0 : 1)];
        Assert.Equal(2.045 * SampleStatistics.DeviationOf(values) / Math.Sqrt(30), SampleStatistics.HalfIntervalOf(values), 1e-3);
        Assert.True(double.IsNaN(SampleStatistics.HalfIntervalOf([1])));
    }

    // Three classes around places in eight dimensions.
    private static EmbeddingSet Clusters(ulong seed, float distance)
    {
        const int count = 90, width = 8;
        float[] values = new float[count * width];
        new Philox(seed, 0).FillNormal(values, 0);
        for (int i = 0; i < count; i++)
            values[(i * width) + (i % 3)] += 2 * distance;
        return new EmbeddingSet(values, width, [.. Enumerable.Range(0, count).Select(i => i % 3)]);
    }
}
