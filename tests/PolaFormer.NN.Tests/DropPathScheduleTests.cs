namespace PolaFormer.NN.Tests;

public class DropPathScheduleTests
{
    [Theory]
    [InlineData(0.1f, 8)]
    [InlineData(0.3f, 24)]
    [InlineData(0.5f, 41)]
    public void RisesEvenlyFromZeroToTheRate(float rate, int count)
    {
        float[] schedule = DropPath.Schedule(rate, count);
        Assert.Equal(0, schedule[0]);
        Assert.Equal(rate, schedule[^1]);
        Assert.All(schedule.Index(), entry => Assert.Equal(rate * (double)entry.Index / (count - 1), entry.Item, 1e-7));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void NeverDropsASingleBlock(int count) => Assert.All(DropPath.Schedule(0.5f, count), rate => Assert.Equal(0, rate));
}
