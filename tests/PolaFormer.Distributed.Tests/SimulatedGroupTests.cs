namespace PolaFormer.Distributed.Tests;

/// <summary>Times of collectives over links of a given latency (α) and rate (1/β), held against the formulas of docs/many-machines.md.</summary>
public sealed class SimulatedGroupTests
{
    private const double Latency = 3e-5, SecondsPerByte = 8e-10;
    private const int Length = 1 << 12, Bytes = 4 * Length;

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void ATreeTakesTwoLatenciesALevelAndNearlyTwiceTheBytes(int workers)
    {
        double[] clocks = SimulatedGroup.Run(workers, Latency, SecondsPerByte, worker =>
        {
            worker.SumInTree(new float[Length]);
            return worker.Clock;
        });
        double expected = (2 * Math.Log2(workers) * Latency) + (2 * Bytes * SecondsPerByte * (workers - 1) / workers);
        Assert.All(clocks, clock => Assert.Equal(expected, clock, 1e-9));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void ARingTakesTwoLatenciesAWorkerAndAsManyBytes(int workers)
    {
        double[] clocks = SimulatedGroup.Run(workers, Latency, SecondsPerByte, worker =>
        {
            worker.SumInRing(new float[Length]);
            return worker.Clock;
        });
        double expected = (2 * (workers - 1) * Latency) + (2 * Bytes * SecondsPerByte * (workers - 1) / workers);
        Assert.All(clocks, clock => Assert.Equal(expected, clock, 1e-9));
    }

    [Fact]
    public void AWorkerThatIsLateHoldsUpTheOthers() =>
        Assert.All(SimulatedGroup.Run(4, Latency, SecondsPerByte, worker =>
        {
            worker.Clock = worker.Rank == 2 ? 1 : 0;
            worker.SumInTree(new float[Length]);
            return worker.Clock;
        }), clock => Assert.True(clock > 1));

    [Fact]
    public void AFlagGoesUpAndDownATreeOfTheWorkers() =>
        Assert.InRange(SimulatedGroup.Run(64, Latency, 0, worker =>
        {
            worker.Any(1);
            return worker.Clock;
        }).Max(), 6 * Latency, 12.01 * Latency);
}
