using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Threading;

[Collection(nameof(WorkersCollection))]
public unsafe class WorkersTests : IDisposable
{
    private readonly int _threadCount = Workers.ThreadCount;

    public void Dispose() => Workers.ThreadCount = _threadCount;

    private readonly struct Counting(int[] counts) : IParallelBody
    {
        public void Run(int part) => Interlocked.Increment(ref counts[part]);
    }

    private readonly struct Failing(int from) : IParallelBody
    {
        public void Run(int part)
        {
            if (part >= from)
                throw new InvalidOperationException($"part {part}");
        }
    }

    private readonly struct Nesting(int[] counts, int[] threads) : IParallelBody
    {
        private readonly struct Inner(int[] counts, int[] threads, int outer) : IParallelBody
        {
            public void Run(int part)
            {
                Interlocked.Increment(ref counts[(outer * 8) + part]);
                threads[(outer * 8) + part] = Environment.CurrentManagedThreadId;
            }
        }

        public void Run(int part)
        {
            Workers.Run(8, new Inner(counts, threads, part));
            for (int i = 0; i < 8; i++)
                Assert.Equal(Environment.CurrentManagedThreadId, threads[(part * 8) + i]);
        }
    }

    private readonly struct Naming(int[] counts, int[] threads) : IParallelBody
    {
        public void Run(int part)
        {
            Interlocked.Increment(ref counts[part]);
            threads[part] = Environment.CurrentManagedThreadId;
        }
    }

    private readonly struct Nothing : IParallelBody
    {
        public void Run(int part) { }
    }

    [Fact]
    public void AThreadMayUseFewerThanTheProcess()
    {
        Workers.ThreadCount = 4;
        int[] counts = new int[64], threads = new int[64];
        using (Workers.Limit(2))
        {
            using (Workers.Limit(1))
                Workers.Run(64, new Naming(counts, threads));
            Assert.All(threads, thread => Assert.Equal(Environment.CurrentManagedThreadId, thread));
            Assert.All(counts, count => Assert.Equal(1, count));
            Workers.Run(64, new Naming(counts, threads));
            Assert.InRange(threads.Distinct().Count(), 1, 2);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Workers.Limit(0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(9)]
    public void EveryPartRunsOnce(int threads)
    {
        Workers.ThreadCount = threads;
        for (int parts = 0; parts < 70; parts++)
        {
            int[] counts = new int[parts];
            for (int repeat = 0; repeat < 20; repeat++)
                Workers.Run(parts, new Counting(counts));
            Assert.All(counts, count => Assert.Equal(20, count));
        }
    }

    [Fact]
    public void RunsOnAfterThreadsHaveSlept()
    {
        Workers.ThreadCount = 3;
        int[] counts = new int[5];
        for (int repeat = 0; repeat < 10; repeat++)
        {
            Workers.Run(5, new Counting(counts));
            Thread.Sleep(2);
        }
        Assert.All(counts, count => Assert.Equal(10, count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AnExceptionSurfacesAndThePoolLivesOn(int threads)
    {
        Workers.ThreadCount = threads;
        var failure = Assert.Throws<InvalidOperationException>(() => Workers.Run(10, new Failing(from: 4)));
        Assert.StartsWith("part ", failure.Message);
        int[] counts = new int[10];
        Workers.Run(10, new Counting(counts));
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void ANestedRunStaysOnItsThread()
    {
        Workers.ThreadCount = 3;
        (int[] counts, int[] threads) = (new int[64], new int[64]);
        Workers.Run(8, new Nesting(counts, threads));
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void ConcurrentCallersDoNotDisturbOneAnother()
    {
        Workers.ThreadCount = 3;
        var callers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int repeat = 0; repeat < 500; repeat++)
            {
                int[] counts = new int[17];
                Workers.Run(17, new Counting(counts));
                if (counts.Any(count => count != 1))
                    throw new InvalidOperationException("A part was lost or run twice.");
            }
        })).ToList();
        callers.ForEach(caller => caller.Start());
        callers.ForEach(caller => caller.Join());
    }

    [Fact]
    public void ARunAllocatesNothing()
    {
        Workers.ThreadCount = 2;
        Workers.Run(4, new Nothing());
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int repeat = 0; repeat < 100; repeat++)
            Workers.Run(4, new Nothing());
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void AThreadCountBelowOneIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Workers.ThreadCount = 0);

    [Fact]
    public void RangesCoverTheCountInOrderAndDifferByOneAtMost()
    {
        for (int count = 0; count < 40; count++)
            for (int parts = 1; parts < 12; parts++)
            {
                int next = 0;
                for (int part = 0; part < parts; part++)
                {
                    (int from, int to) = Workers.Range(count, parts, part);
                    Assert.Equal(next, from);
                    Assert.InRange(to - from, count / parts, (count + parts - 1) / parts);
                    next = to;
                }
                Assert.Equal(count, next);
            }
    }

    [Theory]
    [InlineData(0, 100, 1)]
    [InlineData(100, 100, 1)]
    [InlineData(101, 100, 2)]
    [InlineData(1L << 60, 100, 64)]
    public void PartsHoldTheGrainUpToALimit(long work, long grain, int parts) =>
        Assert.Equal(parts, Workers.PartsFor(work, grain));
}
