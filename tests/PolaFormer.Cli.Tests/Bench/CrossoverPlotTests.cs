using PolaFormer.Analysis.Figures;
using PolaFormer.Cli.Bench;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Tests.Bench;

public class CrossoverPlotTests
{
    private static readonly int[] s_tokens = [10, 100, 1000];

    [Fact]
    public void TheFigureHasAPanelADimensionAndALineASeries()
    {
        AttentionResult result = Result(
            ("polarity", 32, n => n), ("softmax", 32, n => n * n), ("polarity", 64, n => 2 * n), ("polarity++", 64, n => 3 * n), ("softmax", 64, n => n * n));
        ChartPanel[] panels = [.. CrossoverPlot.Of(result).Panels.Cast<ChartPanel>()];
        Assert.Equal([2, 3], panels.Select(panel => panel.Lines.Count));
        Assert.All(panels.SelectMany(panel => panel.Lines), line => Assert.Equal(s_tokens.Length, line.Points.Count));
        Assert.Equal(["Polarity", "Polarity++", "Softmax"], panels[1].Lines.Select(line => line.Label));
    }

    private static AttentionResult Result(params (string Kind, int HeadDim, Func<double, double> Time)[] series) =>
        new(2, [.. series.SelectMany(s => s_tokens.Select(n => new AttentionCase(s.Kind, 1, s.HeadDim, n, s.Time(n), 0, 0)))]);
}
