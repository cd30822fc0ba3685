namespace PolaFormer.Distributed.Tests;

/// <summary>Latency and rate of a link from measured messages.</summary>
public sealed class LinkTimesTests
{
    [Theory]
    [InlineData(3e-5, 8e-10)]
    [InlineData(1e-6, 2e-11)]
    [InlineData(0, 1e-9)]
    public void TheFitFindsWhatTimesWereMadeOf(double latency, double secondsPerByte)
    {
        var fitted = LinkTimes.Fit([.. Enumerable.Range(0, 8).Select(i => 8 << (3 * i)).Select(bytes => (bytes, latency + (secondsPerByte * bytes)))]);
        Assert.Equal(latency, fitted.Latency, 1e-9);
        Assert.Equal(secondsPerByte, fitted.SecondsPerByte, secondsPerByte * 1e-6);
    }

    [Fact]
    public void NoPartIsBelowNothing()
    {
        var falling = LinkTimes.Fit([(8, 2e-3), (1 << 20, 1e-3)]);
        Assert.Equal(0, falling.SecondsPerByte);
        Assert.True(falling.Latency > 0);
        Assert.Equal(0, LinkTimes.Fit([(8, 1e-9), (1 << 10, 1e-6), (1 << 20, 1e-2)]).Latency);
    }

    [Fact]
    public void AllWorkersHaveTheTimesOfTheFirst() =>
        Assert.Single(LocalGroup.Run(3, worker => LinkTimes.Measure(worker, rounds: 3).Latency).Distinct());

    [Fact]
    public void OneWorkerAloneIsRefused() =>
        Assert.Contains("mpirun -n 2", Assert.Throws<WorkerException>(() => LinkTimes.Measure(WorkerGroup.Single)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void ASumTakesWhatItsMessagesTake(int workers)
    {
        const int Length = 1 << 12;
        var link = new LinkTimes(3e-5, 8e-10, []);
        double[] clocks = SimulatedGroup.Run(workers, link.Latency, link.SecondsPerByte, worker =>
        {
            worker.SumInTree(new float[Length]);
            return worker.Clock;
        });
        Assert.All(clocks, clock => Assert.Equal(link.SecondsOfSum(4 * Length, workers), clock, 1e-9));
    }

    [Fact]
    public void LinksOfDifferentPairsMayDiffer()
    {
        // Two machines of two workers: halves go within a machine, quarters between them.
        const int Length = 1 << 12, Bytes = 4 * Length;
        const double Within = 1e-10, Between = 1e-9;
        double[] clocks = SimulatedGroup.Run(4, (a, b) => (0, a / 2 == b / 2 ? Within : Between), worker =>
        {
            worker.SumInTree(new float[Length]);
            return worker.Clock;
        });
        Assert.All(clocks, clock => Assert.Equal((2 * Bytes / 2 * Within) + (2 * Bytes / 4 * Between), clock, 1e-12));
    }
}
