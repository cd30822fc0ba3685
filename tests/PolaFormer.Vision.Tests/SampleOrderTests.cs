using PolaFormer.Vision.Loading;

namespace PolaFormer.Vision.Tests;

public class SampleOrderTests
{
    private const int Count = 5 * SampleOrder.Window, ShardLength = 1000;

    private static readonly int[] s_starts = [.. Enumerable.Range(0, (Count + ShardLength - 1) / ShardLength).Select(i => i * ShardLength)];

    [Fact]
    public void ShardedOrdersDependOnSeedAndEpochAlone()
    {
        int[] order = SampleOrder.Shuffled(Count, 1, 2, s_starts);
        Assert.Equal(Enumerable.Range(0, Count), order.Order());
        Assert.Equal(order, SampleOrder.Shuffled(Count, 1, 2, s_starts));
        Assert.NotEqual(order, SampleOrder.Shuffled(Count, 1, 3, s_starts));
        Assert.NotEqual(order, SampleOrder.Shuffled(Count, 2, 2, s_starts));
    }

    [Fact]
    public void AWindowReadsFewShards()
    {
        int[] order = SampleOrder.Shuffled(Count, 1, 0, s_starts);
        int[] shards = [.. order.Chunk(SampleOrder.Window).Select(window => window.Select(index => index / ShardLength).Distinct().Count())];
        Assert.All(shards, count => Assert.InRange(count, 2, (SampleOrder.Window / ShardLength) + 2));
    }

    [Fact]
    public void NeighboursOfAShardAreMixedWithOthers()
    {
        int[] order = SampleOrder.Shuffled(Count, 1, 0, s_starts);
        int pairs = order.Zip(order.Skip(1)).Count(pair => pair.First / ShardLength == pair.Second / ShardLength);
        Assert.InRange((double)pairs / Count, 0.08, 0.2);
    }
}
