using System.Text.Json;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class CosineScheduleTests
{
    private const double Tolerance = 1e-12;

    [Theory]
    [InlineData("config_pola_pvt_t")]
    [InlineData("config_pola_swin_t")]
    [InlineData("config_pola_b0")]
    [InlineData("config_pola_b4")]
    public void EveryStepHasTheAuthorsRate(string fixture)
    {
        using var reference = new RecipeFixture(fixture);
        JsonElement shape = reference.Meta.GetProperty("schedule");
        double baseRate = reference.Meta.GetProperty("linear_scaling").GetProperty("world_size 8").GetProperty("BASE_LR").GetDouble();
        var schedule = new CosineSchedule(
            baseRate, shape.GetProperty("warmup_lr_init").GetDouble(), shape.GetProperty("lr_min").GetDouble(),
            shape.GetProperty("warmup_t").GetInt64(), shape.GetProperty("t_initial").GetInt64());
        double[] values = reference.Doubles("f64.lr_value"), used = reference.Doubles("f64.lr_used");
        for (int t = 0; t < values.Length; t++)
        {
            Assert.Equal(values[t], schedule.Value(t), values[t] * Tolerance);
            Assert.Equal(used[t], schedule.RateOf(t), used[t] * Tolerance);
        }
    }

    [Fact]
    public void WithoutAWarmupItStartsAtTheBaseRate() => Assert.Equal(1, new CosineSchedule(1, 0.1, 0, 0, 10).RateOf(0));
}
