using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

public class LearningRateSearchTests
{
    [Fact]
    public void TheRateOfTheSteepestFallIsProposed()
    {
        // Flat, falling between steps 40 and 60, then growing.
        (double Rate, double Loss)[] points = [.. Enumerable.Range(0, 90).Select(i => (Math.Pow(10, -6 + (i / 20.0)), i < 40 ? 2.0 : i < 60 ? 2 - ((i - 40) * 0.05) : 1 + ((i - 60) * 0.02)))];
        Assert.InRange(LearningRateSearch.Steepest(points), points[44].Rate, points[56].Rate);
    }

    [Fact]
    public void ALossThatFallsNowhereIsAnError()
    {
        (double Rate, double Loss)[] points = [.. Enumerable.Range(0, 50).Select(i => (Math.Pow(10, -6 + (i / 20.0)), 2.0 + i))];
        Assert.Throws<TrainingException>(() => LearningRateSearch.Steepest(points));
    }

    [Fact]
    public void ASearchOnColoursFindsARateThatLearns()
    {
        using var runs = new TinyRuns();
        TrainingConfig config = runs.Config(1);
        var task = new ClassificationTask(config);
        var search = LearningRateSearch.Run(task, ConfiguredOptimization.Optimizer(config.Train, task.Network));
        Assert.InRange(search.Points.Count, 20, LearningRateSearch.Steps);
        Assert.InRange(search.Proposed, 1e-5, 0.5);
        Assert.All(search.Points.Zip(search.Points.Skip(1)), pair => Assert.True(pair.First.Rate < pair.Second.Rate));
    }
}
