using System.Text.Json;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    private const double Tolerance = 1e-12;

    [Theory]
    [InlineData("sched_linear")]
    [InlineData("sched_step")]
    public void LinearAndStepFollowTheAuthors(string fixture)
    {
        using var reference = new RecipeFixture(fixture);
        JsonElement train = reference.Meta.GetProperty("train");
        TrainingConfig config = Config(
            "TRAIN.EPOCHS", Text("EPOCHS"), "TRAIN.WARMUP_EPOCHS", Text("WARMUP_EPOCHS"), "TRAIN.LR_SCHEDULER.NAME", train.GetProperty("LR_SCHEDULER").GetProperty("NAME").GetString()!,
            "TRAIN.LR_SCHEDULER.DECAY_EPOCHS", train.GetProperty("LR_SCHEDULER").GetProperty("DECAY_EPOCHS").GetRawText());
        LearningRateSchedule schedule = ConfiguredOptimization.Schedule(config, reference.Meta.GetProperty("iters_per_epoch").GetInt32());
        double[] values = reference.Doubles("f64.lr_value");
        for (int t = 0; t < values.Length; t++)
            Assert.Equal(values[t], schedule.Value(t), Math.Abs(values[t]) * Tolerance);

        string Text(string key) => train.GetProperty(key).GetRawText();
    }

    [Fact]
    public void RatesScaleWithTheImagesOfAStep()
    {
        LearningRateSchedule once = ConfiguredOptimization.Schedule(Config(), 10);
        LearningRateSchedule twice = ConfiguredOptimization.Schedule(Config("TRAIN.ACCUMULATION_STEPS", "2"), 10);
        LearningRateSchedule quarter = ConfiguredOptimization.Schedule(Config("DATA.BATCH_SIZE", "128"), 10);
        Assert.Equal([2 * once.BaseRate, once.BaseRate / 4], [twice.BaseRate, quarter.BaseRate]);
    }

    [Theory]
    [InlineData("TRAIN.LR_SCHEDULER.NAME", "exponential")]
    [InlineData("TRAIN.LR_SCHEDULER.NAME", "linear", "TRAIN.COOLDOWN_EPOCHS", "10")]
    [InlineData("TRAIN.LR_SCHEDULER.NAME", "step", "TRAIN.LR_SCHEDULER.DECAY_EPOCHS", "0")]
    public void WhatHasNoMeaningIsAnError(params string[] options) =>
        Assert.Throws<ConfigurationException>(() => ConfiguredOptimization.Schedule(Config(options), 10));

    // 512 images a step, for which the rates are given.
    private static TrainingConfig Config(params string[] options) => ConfigurationReader.Read(null, ["DATA.BATCH_SIZE", "512", .. options]);
}
