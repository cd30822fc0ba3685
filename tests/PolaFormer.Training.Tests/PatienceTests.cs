namespace PolaFormer.Training.Tests;

public sealed class PatienceTests : IDisposable
{
    private readonly TinyRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void ARunEndsWhenNothingBetterComesForAsManyEpochs()
    {
        var course = new Course();
        Assert.True(_runs.Train("still", 9, course, options: ["TRAIN.BASE_LR", "0", "TRAIN.WARMUP_LR", "0", "TRAIN.MIN_LR", "0", "TRAIN.PATIENCE", "3"]));
        Assert.Equal(4, course.Epochs.Count);
        RunEnd end = Assert.Single(course.Ends);
        Assert.Equal((true, true, 1, 4), (end.IsComplete, end.HasStalled, end.BestEpoch, end.Epochs));
    }

    [Fact]
    public void SuchARunIsFinished()
    {
        string[] options = ["TRAIN.BASE_LR", "0", "TRAIN.WARMUP_LR", "0", "TRAIN.MIN_LR", "0", "TRAIN.PATIENCE", "2"];
        _runs.Train("still", 9, options: options);
        var again = new Course();
        Assert.True(_runs.Train("still", 9, again, options: options));
        Assert.Empty(again.Epochs);
        Assert.True(Assert.Single(again.Ends).WasFinished);
    }

    [Fact]
    public void WithoutPatienceItGoesOnToItsLastEpoch()
    {
        var course = new Course();
        _runs.Train("still", 5, course, options: ["TRAIN.BASE_LR", "0", "TRAIN.WARMUP_LR", "0", "TRAIN.MIN_LR", "0"]);
        Assert.Equal(5, course.Epochs.Count);
        Assert.False(Assert.Single(course.Ends).HasStalled);
    }
}
