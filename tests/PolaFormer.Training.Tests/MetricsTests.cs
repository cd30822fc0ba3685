namespace PolaFormer.Training.Tests;

public sealed class MetricsTests
{
    [Fact]
    public void CountsHitsAndWeighsLossesByImages()
    {
        var metrics = new Metrics();
        metrics.Add([0, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1, 0], [6, 5], meanLoss: 1);
        metrics.Add([6, 5, 4, 3, 2, 1, 0], [4], meanLoss: 4);
        Assert.Equal((3, 1 / 3.0, 2 / 3.0, 2.0), (metrics.Count, metrics.Top1, metrics.Top5, metrics.Loss));
    }

    [Fact]
    public void OfEqualLogitsTheFirstComesFirst()
    {
        var metrics = new Metrics();
        metrics.Add([1, 1], [1], meanLoss: 0);
        Assert.Equal(0, metrics.Top1);
    }

    [Fact]
    public void ALogitThatIsNoNumberIsNoHit()
    {
        var metrics = new Metrics();
        metrics.Add([float.NaN, float.NaN], [0], meanLoss: 0);
        Assert.Equal((0, 0), (metrics.Top1, metrics.Top5));
    }
}
