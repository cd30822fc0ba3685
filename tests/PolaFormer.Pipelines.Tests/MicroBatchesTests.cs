namespace PolaFormer.Pipelines.Tests;

public class MicroBatchesTests
{
    [Fact]
    public async Task EveryItemGetsItsOwnAnswer()
    {
        await using var batches = new MicroBatches<int, int>(Double, new MicroBatchOptions { Parallelism = 3, Size = 4, Capacity = 1000 });
        Task<int>[] answers = [.. Enumerable.Range(0, 500).Select(i => batches.Ask(i))];
        Assert.Equal(Enumerable.Range(0, 500).Select(i => 2 * i), await Task.WhenAll(answers));
        Assert.Equal(0, batches.Waiting);
    }

    [Fact]
    public async Task WhatCameMeanwhileIsOneBatch()
    {
        using var gate = new Gate();
        var sizes = new List<int>();
        await using var batches = new MicroBatches<int, int>(batch => { gate.Pass(); Double(batch); }, new MicroBatchOptions { Parallelism = 1, Size = 4, Computed = (count, _) => sizes.Add(count) });
        Task<int> first = batches.Ask(0);
        gate.WaitForArrival();
        Task<int>[] others = [.. Enumerable.Range(1, 6).Select(i => batches.Ask(i))];
        gate.Open();
        await Task.WhenAll([first, .. others]);
        await batches.DisposeAsync();
        Assert.Equal([1, 4, 2], sizes);
    }

    [Fact]
    public async Task AFullQueueRefuses()
    {
        using var gate = new Gate();
        await using var batches = new MicroBatches<int, int>(batch => { gate.Pass(); Double(batch); }, new MicroBatchOptions { Parallelism = 1, Capacity = 2 });
        Task<int> running = batches.Ask(0);
        gate.WaitForArrival();
        using var cancellation = new CancellationTokenSource();
        Task<int>[] waiting = [batches.Ask(1), batches.Ask(2, cancellation.Token)];
        Assert.Equal(2, (await Assert.ThrowsAsync<QueueFullException>(() => batches.Ask(3))).Capacity);
        Assert.Throws<QueueFullException>(batches.RequireRoom);

        // One that nobody waits for any more makes room.
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting[1]);
        Task<int> taken = batches.Ask(4);
        gate.Open();
        int[] answers = await Task.WhenAll(running, waiting[0], taken);
        Assert.Equal([0, 2, 8], answers);
    }

    [Fact]
    public async Task ACancelledItemIsNotComputed()
    {
        using var gate = new Gate();
        var seen = new List<int>();
        await using var batches = new MicroBatches<int, int>(batch => { gate.Pass(); seen.AddRange(batch.Select(item => item.Item)); Double(batch); }, new MicroBatchOptions { Parallelism = 1 });
        Task<int> running = batches.Ask(0);
        gate.WaitForArrival();
        using var cancellation = new CancellationTokenSource();
        Task<int> given = batches.Ask(1, cancellation.Token), kept = batches.Ask(2);
        await cancellation.CancelAsync();
        gate.Open();
        await Task.WhenAll(running, kept);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Assert.Equal([0, 2], seen);
    }

    [Fact]
    public async Task AFailureIsOfItsBatchAlone()
    {
        await using var batches = new MicroBatches<int, int>(batch => { if (batch[0].Item < 0) throw new ArithmeticException("negative"); Double(batch); }, new MicroBatchOptions { Parallelism = 1, Size = 1 });
        Task<int> bad = batches.Ask(-1), good = batches.Ask(1);
        await Assert.ThrowsAsync<ArithmeticException>(() => bad);
        Assert.Equal(2, await good);
    }

    [Fact]
    public async Task AnItemThatIsLeftOutIsAnError()
    {
        await using var batches = new MicroBatches<int, int>(_ => { });
        await Assert.ThrowsAsync<InvalidOperationException>(() => batches.Ask(1));
    }

    [Fact]
    public async Task DisposalAnswersWhatWaits()
    {
        using var gate = new Gate();
        var batches = new MicroBatches<int, int>(batch => { gate.Pass(); Double(batch); }, new MicroBatchOptions { Parallelism = 1, Size = 1 });
        Task<int>[] answers = [.. Enumerable.Range(0, 5).Select(i => batches.Ask(i))];
        gate.WaitForArrival();
        Task closing = batches.DisposeAsync().AsTask();
        gate.Open();
        await closing;
        Assert.All(answers, answer => Assert.True(answer.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => batches.Ask(1));
    }

    [Fact]
    public async Task WithADelayTheFirstWaitsForAFullBatch()
    {
        var sizes = new List<int>();
        var batches = new MicroBatches<int, int>(Double, new MicroBatchOptions { Parallelism = 2, Size = 3, Delay = TimeSpan.FromMinutes(10), Computed = (count, _) => { lock (sizes) sizes.Add(count); } });
        await Task.WhenAll(batches.Ask(1), batches.Ask(2), batches.Ask(3));
        await batches.DisposeAsync();
        Assert.Equal([3], sizes);
    }

    private static void Double(IReadOnlyList<QueuedItem<int, int>> batch)
    {
        foreach (QueuedItem<int, int> item in batch)
            item.Complete(2 * item.Item);
    }

    // Holds the first batch up until it is opened.
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _arrived = new(), _open = new();

        public void Pass()
        {
            _arrived.Set();
            _open.Wait();
        }

        public void WaitForArrival() => _arrived.Wait();

        public void Open() => _open.Set();

        public void Dispose()
        {
            _arrived.Dispose();
            _open.Dispose();
        }
    }
}
