namespace PolaFormer.Measurement.Tests;

public class AttentionResultTests
{
    private static readonly int[] s_tokens = [10, 100, 1000];

    [Fact]
    public void CrossoverLiesWhereTheSegmentsMeet()
    {
        // 30·N and N²/2 meet at 60, between measured points.
        AttentionResult result = Result(("polarity", 64, n => 30 * n), ("softmax", 64, n => 0.5 * n * n));
        Assert.Equal(60, result.Crossover(result.Series().First())!.Value, 1e-6);
    }

    [Fact]
    public void CrossoverNeedsALeadOnBothSides()
    {
        AttentionResult always = Result(("polarity", 64, n => 1 * n), ("softmax", 64, n => 2 * n));
        Assert.Null(always.Crossover(always.Series().First()));
        AttentionResult never = Result(("polarity", 64, n => 3 * n), ("softmax", 64, n => 2 * n));
        Assert.Null(never.Crossover(never.Series().First()));
        AttentionResult otherDimension = Result(("polarity", 64, n => 30 * n), ("softmax", 32, n => 0.5 * n * n));
        Assert.Null(otherDimension.Crossover(otherDimension.Series().First()));
    }

    [Fact]
    public void SoftmaxDoesNotCrossItself()
    {
        AttentionResult result = Result(("polarity", 64, n => 30 * n), ("softmax", 64, n => 0.5 * n * n));
        Assert.Null(result.Crossover(result.Series().Last()));
    }

    [Fact]
    public void GrowthIsThatOfTheSeries()
    {
        AttentionResult result = Result(("polarity", 64, n => 30 * n), ("softmax", 64, n => 0.5 * n * n));
        Assert.Equal([1, 2], result.Series().Select(series => Math.Round(AttentionResult.Growth(series)!.Value.Exponent, 9)));
    }

    private static AttentionResult Result(params (string Kind, int HeadDim, Func<double, double> Time)[] series) =>
        new(2, [.. series.SelectMany(s => s_tokens.Select(n => new AttentionCase(s.Kind, 1, s.HeadDim, n, s.Time(n), 0, 0)))]);
}
