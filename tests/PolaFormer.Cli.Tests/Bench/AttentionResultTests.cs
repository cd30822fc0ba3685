using System.Xml.Linq;
using PolaFormer.Cli.Bench;

namespace PolaFormer.Cli.Tests.Bench;

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

    [Fact]
    public void PictureHasAPanelADimensionAndALineASeries()
    {
        AttentionResult result = Result(
            ("polarity", 32, n => n), ("softmax", 32, n => n * n), ("polarity", 64, n => 2 * n), ("polarity++", 64, n => 3 * n), ("softmax", 64, n => n * n));
        XElement svg = XDocument.Parse(CrossoverPlot.Svg(result)).Root!;
        Assert.Equal([2, 3], svg.Elements().Where(e => e.Name.LocalName == "g").Select(panel => panel.Elements().Count(e => e.Name.LocalName == "polyline")));
        double[] ends = [.. svg.Descendants().Where(e => e.Name.LocalName == "circle").Select(e => (double)e.Attribute("cy")!)];
        Assert.Equal(5 * s_tokens.Length, ends.Length);
        Assert.All(ends, y => Assert.InRange(y, 30 + (3 * 16), 30 + (3 * 16) + 250));
    }

    private static AttentionResult Result(params (string Kind, int HeadDim, Func<double, double> Time)[] series) =>
        new(2, [.. series.SelectMany(s => s_tokens.Select(n => new AttentionCase(s.Kind, 1, s.HeadDim, n, s.Time(n), 0, 0)))]);
}
