using System.Xml.Linq;
using PolaFormer.Cli.Bench;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Tests.Bench;

public class CrossoverPlotTests
{
    private static readonly int[] s_tokens = [10, 100, 1000];

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
