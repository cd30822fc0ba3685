using PolaFormer.Server.Models;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Server.Tests;

public sealed class SchedulerTests : IDisposable
{
    private readonly ServerMeter _meter = new();
    private readonly SemaphoreSlim _gate = new(0);

    public void Dispose()
    {
        _gate.Release(1000);
        _meter.Dispose();
    }

    [Fact]
    public async Task WhatWaitsWhileABatchIsComputedIsTheNextBatch()
    {
        (ModelScheduler scheduler, FakeModel model) = Made();
        Task<Answer> first = await Occupied(scheduler, model);
        Task<Answer>[] others = [.. Enumerable.Range(1, 5).Select(i => Submit(scheduler, i))];
        _gate.Release(10);
        Answer[] answers = await Task.WhenAll(others);
        await first;
        Assert.Equal([[0], [1, 2, 3, 4], [5]], model.Batches);
        Assert.Equal([1, 2, 3, 4, 5], answers.Select(Value));
        Assert.Equal([4, 4, 4, 4, 1], answers.Select(answer => answer.BatchSize));
    }

    [Fact]
    public async Task TheEarliestDeadlineGoesFirst()
    {
        (ModelScheduler scheduler, FakeModel model) = Made(maxBatch: 1);
        Task<Answer> first = await Occupied(scheduler, model);
        Task<Answer>[] others = [Submit(scheduler, 1, deadline: 30), Submit(scheduler, 2, deadline: 10), Submit(scheduler, 3, deadline: 20), Submit(scheduler, 4, deadline: 10)];
        _gate.Release(10);
        await Task.WhenAll([first, .. others]);
        Assert.Equal([0, 2, 4, 3, 1], model.Batches.Select(batch => batch[0]));
    }

    [Fact]
    public async Task WhoGoesAwayIsTakenOutOfTheQueue()
    {
        (ModelScheduler scheduler, FakeModel model) = Made();
        Task<Answer> first = await Occupied(scheduler, model);
        using var source = new CancellationTokenSource();
        Task<Answer> leaving = Submit(scheduler, 1, cancellation: source.Token), staying = Submit(scheduler, 2);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.Equal(1, scheduler.Depth);
        _gate.Release(10);
        await Task.WhenAll(first, staying);
        Assert.Equal([[0], [2]], model.Batches);
    }

    [Fact]
    public void MoreThanTheCapacityIsRefusedWithATime()
    {
        (ModelScheduler scheduler, _) = Made(capacity: 3);
        using ModelScheduler.Admission two = scheduler.Admit(2);
        var error = Assert.Throws<ServingException>(() => scheduler.Admit(2));
        Assert.Equal(429, error.Status);
        Assert.True(error.RetryAfter >= TimeSpan.FromSeconds(1));
        scheduler.Admit(1).Dispose();
        Assert.Equal(413, Assert.Throws<ServingException>(() => scheduler.Admit(4)).Status);
    }

    [Fact]
    public void RoomIsGivenBackOnce()
    {
        (ModelScheduler scheduler, _) = Made(capacity: 2);
        ModelScheduler.Admission admission = scheduler.Admit(2);
        admission.Dispose();
        admission.Dispose();
        Assert.Equal(0, scheduler.InFlight);
    }

    [Fact]
    public async Task AnInputThatFailsDoesNotFailThoseBesideIt()
    {
        (ModelScheduler scheduler, FakeModel model) = Made();
        Task<Answer> first = await Occupied(scheduler, model);
        Task<Answer> before = Submit(scheduler, 1), bad = Submit(scheduler, float.MaxValue), after = Submit(scheduler, 2);
        _gate.Release(10);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        Assert.Equal([0, 1, 2], (await Task.WhenAll(first, before, after)).Select(Value));
    }

    [Fact]
    public async Task WhatWaitsIsAnsweredBeforeTheEnd()
    {
        (ModelScheduler scheduler, FakeModel model) = Made();
        Task<Answer> first = await Occupied(scheduler, model), waiting = Submit(scheduler, 1);
        scheduler.Close();
        Assert.False(scheduler.Ended.IsCompleted);
        _gate.Release(10);
        await scheduler.Ended.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal([0, 1], (await Task.WhenAll(first, waiting)).Select(Value));
        Assert.Equal(503, Assert.Throws<ServingException>(() => { _ = Submit(scheduler, 2); }).Status);
    }

    [Fact]
    public async Task ClosingEndsEveryThreadThatWaitsForIdleProcessors()
    {
        (ModelScheduler scheduler, FakeModel model) = Made(instances: 4 * Workers.ThreadCount, maxBatch: 1);
        Task<Answer> first = await Occupied(scheduler, model), second = Submit(scheduler, 1);
        scheduler.Close();
        _gate.Release(10);
        await scheduler.Ended.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal([0, 1], (await Task.WhenAll(first, second)).Select(Value));
    }

    [Fact]
    public async Task SeveralInstancesComputeAtATime()
    {
        (ModelScheduler scheduler, FakeModel model) = Made(instances: 2, maxBatch: 1, threads: 1);
        Task<Answer>[] both = [Submit(scheduler, 1), Submit(scheduler, 2)];
        await Until(() => Count(model) == 2);
        _gate.Release(10);
        Assert.Equal([1, 2], (await Task.WhenAll(both)).Select(Value));
    }

    [Fact]
    public async Task ABatchThatFindsNoIdleProcessorWaits()
    {
        (ModelScheduler scheduler, FakeModel model) = Made(instances: Workers.ThreadCount, maxBatch: 1);
        Task<Answer> first = await Occupied(scheduler, model), second = Submit(scheduler, 1);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(1, Count(model));
        _gate.Release(10);
        Assert.Equal([0, 1], (await Task.WhenAll(first, second)).Select(Value));
    }

    [Fact]
    public async Task ADelayFillsTheBatch()
    {
        (ModelScheduler scheduler, FakeModel model) = Made(maxBatch: 3, delay: TimeSpan.FromMinutes(10));
        _gate.Release(10);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Submit(scheduler, i)));
        Assert.Equal([[0, 1, 2]], model.Batches);
    }

    private (ModelScheduler Scheduler, FakeModel Model) Made(int instances = 1, int maxBatch = 4, int capacity = 100, TimeSpan delay = default, int? threads = null)
    {
        var model = new FakeModel(_gate);
        return (new ModelScheduler("test", model.Run, new SchedulingOptions { Instances = instances, MaxBatch = maxBatch, Capacity = capacity, BatchDelay = delay, Threads = threads }, new ModelMeter(_meter, "test")), model);
    }

    // An input that the model computes until the gate opens.
    private static async Task<Task<Answer>> Occupied(ModelScheduler scheduler, FakeModel model)
    {
        Task<Answer> answer = Submit(scheduler, 0);
        await Until(() => Count(model) == 1);
        return answer;
    }

    private static int Count(FakeModel model)
    {
        lock (model.Batches)
            return model.Batches.Count;
    }

    private static async Task Until(Func<bool> isTrue)
    {
        while (!isTrue())
            await Task.Delay(1, TestContext.Current.CancellationToken);
    }

    private static Task<Answer> Submit(ModelScheduler scheduler, float value, long deadline = 0, CancellationToken cancellation = default) => scheduler.Submit(new PixelValues([value]), deadline, cancellation);

    private static float Value(Answer answer) => ((ClassScores)answer.Result).Probabilities[0];
}
