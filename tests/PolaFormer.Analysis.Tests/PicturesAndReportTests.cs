using PolaFormer.Analysis.Report;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Tests;

public class PicturesAndReportTests
{
    [Fact]
    public void TheLargestWeightIsYellowAndTheLeastViolet()
    {
        Image picture = HeatMap.OfMatrix([0, 1], 2);
        Assert.Equal((byte[])[0x44, 0x01, 0x54, 0xFD, 0xE7, 0x25], picture.Pixels.ToArray());
    }

    [Fact]
    public void AMapLiesOverTheImageAndIsNoLarger()
    {
        using var image = new Image(40, 30);
        image.Pixels.Fill(128);
        Image picture = HeatMap.Over(image, [0, 0, 0, 1], 2, 2, opacity: 1);
        Assert.Equal((40, 30), (picture.Width, picture.Height));
        Assert.Equal((byte[])[0xFD, 0xE7, 0x25], picture.Row(29)[^3..].ToArray());
    }

    [Fact]
    public void TilesStandSideBySideOnWhite()
    {
        using var black = new Image(4, 3, new byte[36]);
        Image tiled = HeatMap.Tile([black, black, black], columns: 2, gap: 2);
        Assert.Equal((10, 8), (tiled.Width, tiled.Height));
        Assert.Equal(255, tiled.Row(0)[3 * 4]);
        Assert.Equal(0, tiled.Row(5)[0]);
        Assert.Equal(255, tiled.Row(5)[3 * 6]);
    }

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
    public void EachChannelIsCorrelatedWithEachOther()
    {
        // Channels (1, 2, 3) and (0, 0, 0) against (3, 2, 1) and (1, 2, 3).
        var gates = new GateProfile("layer", 0, 3, [1, 0, 2, 0, 3, 0], [3, 1, 2, 2, 1, 3]);
        Assert.Equal([-1, 1, 0, 0], gates.ChannelCorrelations().Select(value => MathF.Round(value, 5)));
    }
}
