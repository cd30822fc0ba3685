using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class OneCycleScheduleTests
{
    [Theory]
    [InlineData(0, 0.04, 0.95)]
    [InlineData(2, 0.52, 0.9)]
    [InlineData(4, 1, 0.85)]
    [InlineData(8, 0.500002, 0.9)]
    [InlineData(12, 4e-6, 0.95)]
    [InlineData(100, 4e-6, 0.95)]
    public void RateRisesAndFallsWhileBeta1FallsAndRises(long step, double rate, double beta1)
    {
        var schedule = OneCycleSchedule.FromPeak(1, warmup: 5, total: 13);
        Assert.Equal(rate, schedule.RateOf(step), 1e-12);
        Assert.Equal(beta1, schedule.Beta1Of(step)!.Value, 1e-12);
    }
}
