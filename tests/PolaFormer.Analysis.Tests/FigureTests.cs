using System.Xml.Linq;
using PolaFormer.Analysis.Figures;
using PolaFormer.NN.Attention;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Tests;

public sealed class FigureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly Image _image = new(40, 20, Enumerable.Repeat((byte)128, 40 * 20 * 3).ToArray());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ATokenIsASquareOfOneColourUnlessItIsSmoothed()
    {
        var panel = new MapPanel("", _image) { Weights = [0, 0, 0, 1], Rows = 2, Columns = 2 };
        Image sharp = panel.ToImage(400), smooth = (panel with { IsSmooth = true }).ToImage(400);
        Assert.Equal((400, 200), (sharp.Width, sharp.Height));
        Assert.Equal(Pixel(sharp, 220, 120), Pixel(sharp, 380, 180));
        Assert.NotEqual(Pixel(sharp, 180, 120), Pixel(sharp, 220, 120));
        Assert.NotEqual(Pixel(smooth, 220, 120), Pixel(smooth, 380, 180));
    }

    [Fact]
    public void TheQueryIsFramed()
    {
        var panel = new MapPanel("", _image) { Weights = [0, 1], Rows = 1, Columns = 2 };
        Image plain = panel.ToImage(400), framed = (panel with { Query = (0, 1, 1, 2) }).ToImage(400);
        Assert.Equal(Pixel(plain, 300, 100), Pixel(framed, 300, 100));
        Assert.Equal((0xe6, 0x1e, 0x1e), Pixel(framed, 200, 100));
    }

    [Theory]
    [InlineData(".png", "\u0089PNG")]
    [InlineData(".pdf", "%PDF")]
    [InlineData(".svg", "<svg")]
    public void TheEndingSaysTheFormat(string ending, string start)
    {
        string path = Path.Combine(_folder, "figure" + ending);
        Sample().Write(path);
        Assert.StartsWith(start, System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherEndingIsRefused() => Assert.Throws<ArgumentException>(() => Sample().Write(Path.Combine(_folder, "figure.gif")));

    [Fact]
    public void AVectorFileHoldsTextAndEachLineOnce()
    {
        XElement svg = XDocument.Parse(Sample().ToSvg()).Root!;
        string text = string.Concat(svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value.Trim()));
        foreach (string part in (string[])["A title", "caption of a chart", "milliseconds", "Softmax", "What holds for all"])
            Assert.Contains(part.Replace(" ", "", StringComparison.Ordinal), text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Single(svg.Descendants(), element => element.Name.LocalName == "text" && element.Value.Contains("milliseconds", StringComparison.Ordinal));
    }

    [Fact]
    public void APictureHasRoomForEveryRow()
    {
        var panel = new MapPanel("a caption", _image);
        Image one = new Figure("", [panel, panel]) { Columns = 2 }.ToImage(), two = new Figure("", [panel, panel]) { Columns = 1 }.ToImage();
        Assert.True(two.Height > one.Height && two.Width < one.Width);
    }

    [Fact]
    public void EveryRegisteredMechanismHasAStyleOfItsOwn()
    {
        string[] styles = [.. AttentionRegistry.All.Select(entry => MechanismStyle.Of(entry.Name)).Select(style => $"{style.Color} {string.Join(' ', style.Dashes)}")];
        Assert.Equal(styles.Length, styles.Distinct().Count());
    }

    [Fact]
    public void NameTitleAndOptionsOfAMechanismHaveOneColour()
    {
        foreach (AttentionEntry entry in AttentionRegistry.All)
            Assert.Equal(MechanismStyle.Of(entry.Name).Color, MechanismStyle.Of(entry.Title).Color);
        IReadOnlyList<LineStyle> styles = MechanismStyle.Of(["polarity(alpha=3)", "polarity(alpha=5)", "Polarity, untrained"]);
        Assert.All(styles, style => Assert.Equal(MechanismStyle.Of("polarity").Color, style.Color));
        Assert.Equal(3, styles.Select(style => string.Join(' ', style.Dashes)).Distinct().Count());
    }

    private Figure Sample() => new("A title",
    [
        new MapPanel("caption of a map", _image) { Weights = [0, 1], Rows = 1, Columns = 2 },
        new MatrixPanel("caption of a matrix", [-1, 0, 0, 1], 2) { Scale = ColorScale.Around0(1) },
        new ChartPanel("caption of a chart", "tokens", "milliseconds", [new ChartLine("Softmax", [(1, 1), (10, 100), (100, 10000)], MechanismStyle.Of("softmax"))]) { IsXLogarithmic = true, IsYLogarithmic = true },
    ])
    { Note = "What holds for all" };

    private static (int Red, int Green, int Blue) Pixel(Image image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Row(y).Slice(3 * x, 3);
        return (pixel[0], pixel[1], pixel[2]);
    }
}
