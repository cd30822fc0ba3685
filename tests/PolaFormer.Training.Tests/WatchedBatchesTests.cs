namespace PolaFormer.Training.Tests;

public sealed class WatchedBatchesTests
{
    [Fact]
    public void AnItemThatDoesNotComeIsToldOfWhileItIsWaitedFor()
    {
        using var told = new ManualResetEventSlim();
        Assert.Equal([1, 2], WatchedBatches.Watch(Items(), TimeSpan.FromMilliseconds(1), told.Set));

        IEnumerable<int> Items()
        {
            yield return 1;
            // Ends when it was told of, and no earlier.
            told.Wait(TestContext.Current.CancellationToken);
            yield return 2;
        }
    }

    [Fact]
    public void ItemsThatComeAreNot() => Assert.Equal([1, 2], WatchedBatches.Watch([1, 2], TimeSpan.FromHours(1), () => Assert.Fail("It waited.")));

    [Theory]
    [InlineData(1, 8, 0)]
    [InlineData(3, 8, 2)]
    [InlineData(8, 8, 1)]
    [InlineData(5, 16, 0)]
    public void WorkersReadEveryBatchOfAnEpochOnceTogether(int workers, int perStep, int firstStep)
    {
        const int Steps = 4;
        IReadOnlyList<int>[] numbers = Distributed.LocalGroup.Run(workers, worker => BatchShare.Of(worker, perStep).Numbers(firstStep, Steps));
        Assert.Equal(Enumerable.Range(firstStep * perStep, (Steps - firstStep) * perStep), numbers.SelectMany(each => each).Order());
    }
}
