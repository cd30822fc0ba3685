using PolaFormer.Analysis.Report;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Tests;

public class PicturesAndReportTests
{
    [Fact]
    public void AReportNeedsNothingElseAndCannotBeBrokenByItsText()
    {
        string path = Path.GetTempFileName();
        try
        {
            using var image = new Image(2, 2, new byte[12]);
            var section = new ReportSection("</script><script>alert(1)</script>")
            {
                Pictures = [new("a picture", image)],
                Table = new(["a"], [["1"]]),
                Charts = [new("a chart", "x", "y", [1, 2], [new("line", [1, null])])],
            };
            new AnalysisReport("Title", "subtitle", [section]).Write(path);
            string page = File.ReadAllText(path);
            Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
            Assert.DoesNotContain("src=\"http", page, StringComparison.Ordinal);
            Assert.Contains("data:image/png;base64,iVBOR", page, StringComparison.Ordinal);
            Assert.Contains("\"isLogarithmic\":false", page, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void GatesThatMirrorEachOtherCorrelateToMinusOne() =>
        Assert.Equal(-1, new GateProfile("layer", 0, 2, [1, 2, 3, 4], [-2, -4, -6, -8]).Correlation, 12);

    [Fact]
    public void AGateIsFoldedOverTheGridWithoutThePrefix()
    {
        var gates = new GateProfile("layer", 0, 3, [9, 9, 1, 3, 5, 7], [0, 0, 2, 2, 4, 4]) { Rows = 1, Columns = 2 };
        Assert.Equal([2, 6], gates.Folded(opposite: false));
        Assert.Equal([2, 4], gates.Folded(opposite: true));
    }

    [Fact]
    public void EachChannelIsCorrelatedWithEachOther()
    {
        // Channels (1, 2, 3) and (0, 0, 0) against (3, 2, 1) and (1, 2, 3).
        var gates = new GateProfile("layer", 0, 3, [1, 0, 2, 0, 3, 0], [3, 1, 2, 2, 1, 3]);
        Assert.Equal([-1, 1, 0, 0], gates.ChannelCorrelations().Select(value => MathF.Round(value, 5)));
    }
}
