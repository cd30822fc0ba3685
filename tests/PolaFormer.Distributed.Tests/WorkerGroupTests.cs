using System.Runtime.InteropServices;

namespace PolaFormer.Distributed.Tests;

/// <summary>What workers do together, on threads of one process.</summary>
public sealed class WorkerGroupTests
{
    public static TheoryData<int, int> SizesAndLengths()
    {
        var cases = new TheoryData<int, int>();
        foreach (int size in (int[])[1, 2, 4, 8, 16])
        {
            foreach (int length in (int[])[0, 1, 3, 16, 1001])
                cases.Add(size, length);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(SizesAndLengths))]
    public void ASumHasTheBitsOfTheBinaryTreeOnEveryWorker(int size, int length)
    {
        float[][] values = [.. Enumerable.Range(0, size).Select(rank => Draw(length, rank))];
        float[] expected = Tree(values);
        float[][] sums = LocalGroup.Run(size, worker =>
        {
            float[] own = [.. values[worker.Rank]];
            worker.SumInTree(own);
            return own;
        });
        Assert.All(sums, sum => Assert.Equal(Bits(expected), Bits(sum)));
    }

    [Fact]
    public void TheOrderOfTheTreeMatters() =>
        // Else the test above could not fail.
        Assert.NotEqual(Bits(Tree([.. Enumerable.Range(0, 8).Select(rank => Draw(1001, rank))])), Bits(InTurn([.. Enumerable.Range(0, 8).Select(rank => Draw(1001, rank))])));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(9)]
    public void AllGetWhatTheFirstHas(int size) =>
        Assert.All(LocalGroup.Run(size, worker =>
        {
            byte[] bytes = [(byte)(worker.Rank + 5), (byte)worker.Rank];
            worker.Broadcast(bytes);
            return bytes;
        }), bytes => Assert.Equal([5, 0], bytes));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void AllGetThePartsOfAll(int size) =>
        Assert.All(LocalGroup.Run(size, worker =>
        {
            byte[][] parts = [.. Enumerable.Range(0, size).Select(rank => new byte[3 * rank])];
            parts[worker.Rank].AsSpan().Fill((byte)worker.Rank);
            worker.Exchange(rank => parts[rank]);
            return parts;
        }), parts => Assert.Equal(Enumerable.Range(0, size).Select(rank => Enumerable.Repeat((byte)rank, 3 * rank)), parts));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void TextsOfDifferentLengthsAreGatheredInOrder(int size) =>
        Assert.All(LocalGroup.Run(size, worker => worker.GatherAll(new string('ä', worker.Rank * 3))), texts =>
            Assert.Equal(Enumerable.Range(0, size).Select(rank => new string('ä', rank * 3)), texts));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(8)]
    public void AFlagOfOneIsAFlagOfAll(int size)
    {
        int expected = Enumerable.Range(0, size).Aggregate(0, (any, rank) => any | (1 << rank));
        Assert.All(LocalGroup.Run(size, worker => worker.Any(1 << worker.Rank)), any => Assert.Equal(expected, any));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void CountsAddUp(int size) =>
        Assert.All(LocalGroup.Run(size, worker => worker.SumOf([worker.Rank, 1, long.MaxValue / 8])), sums => Assert.Equal([size * (size - 1) / 2, size, size * (long.MaxValue / 8)], sums));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThingsAreGatheredInTheOrderOfTheWorkers(int size) =>
        Assert.All(LocalGroup.Run(size, worker => worker.GatherAll<string>([.. Enumerable.Repeat($"{worker.Rank}", worker.Rank)], (writer, text) => writer.Write(text), reader => reader.ReadString())), all =>
            Assert.Equal(Enumerable.Range(0, size).SelectMany(rank => Enumerable.Repeat($"{rank}", rank)), all));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(10)]
    public void SharesFollowEachOtherAndAreEqual(int count)
    {
        (int First, int End)[] shares = LocalGroup.Run(4, worker => worker.ShareOf(count));
        Assert.Equal(Enumerable.Range(0, count), shares.SelectMany(share => Enumerable.Range(share.First, share.End - share.First)));
        Assert.InRange(shares.Max(share => share.End - share.First) - shares.Min(share => share.End - share.First), 0, 1);
    }

    [Fact]
    public void AWorkerWithAnotherFactIsNamedOnAll()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(3, worker =>
        {
            worker.RequireSame("recipe", worker.Rank == 2 ? "b" : "a");
            return 0;
        }));
        Assert.All(error.InnerExceptions, each => Assert.Contains("Worker 2 on ", Assert.IsType<WorkerException>(each).Message, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(SizesAndLengthsOfRings))]
    public void ARingGivesTheSameSumToAll(int size, int length)
    {
        float[][] values = [.. Enumerable.Range(0, size).Select(rank => Draw(length, rank))];
        float[][] sums = LocalGroup.Run(size, worker =>
        {
            float[] own = [.. values[worker.Rank]];
            worker.SumInRing(own);
            return own;
        });
        Assert.All(sums, sum => Assert.Equal(Bits(sums[0]), Bits(sum)));
        for (int i = 0; i < length; i++)
            Assert.Equal(values.Sum(each => (double)each[i]), sums[0][i], 1e-5 * values.Sum(each => Math.Abs((double)each[i])));
    }

    public static TheoryData<int, int> SizesAndLengthsOfRings()
    {
        var cases = new TheoryData<int, int>();
        foreach (int size in (int[])[1, 2, 3, 5, 8])
        {
            foreach (int length in (int[])[0, 2, 1001])
                cases.Add(size, length);
        }

        return cases;
    }

    [Fact]
    public void AFailureEndsThoseThatWait()
    {
        var error = Assert.Throws<AggregateException>(() => LocalGroup.Run(3, worker =>
        {
            if (worker.Rank == 1)
                throw new InvalidDataException("lost");
            worker.Receive(1, new byte[1]);
            return 0;
        }));
        Assert.Equal("lost", Assert.IsType<InvalidDataException>(Assert.Single(error.InnerExceptions)).Message);
    }

    [Fact]
    public void ATreeNeedsAPowerOfTwo() =>
        Assert.Contains("3 workers", Assert.Throws<AggregateException>(() => LocalGroup.Run(3, worker =>
        {
            worker.SumInTree(new float[2]);
            return 0;
        })).InnerExceptions[0].Message);

    private static float[] Tree(float[][] values)
    {
        if (values.Length == 1)
            return values[0];
        float[] left = Tree(values[..(values.Length / 2)]), right = Tree(values[(values.Length / 2)..]);
        return [.. left.Zip(right, (a, b) => a + b)];
    }

    private static float[] InTurn(float[][] values) => values.Aggregate((sum, next) => [.. sum.Zip(next, (a, b) => a + b)]);

    private static float[] Draw(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-4, 4))))];
    }

    private static int[] Bits(float[] values) => MemoryMarshal.Cast<float, int>(values).ToArray();
}
