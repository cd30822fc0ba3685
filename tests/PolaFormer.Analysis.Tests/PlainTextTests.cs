using System.Xml.Linq;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Analysis.Tests;

public class PlainTextTests
{
    [Theory]
    [InlineData("cat", "cat")]
    [InlineData("Katze 猫 🐈 é", "Katze 猫 🐈 é")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("a\u0007\u0000\u007f\u009bb", "a\\u0007\\u0000\\u007f\\u009bb")]
    [InlineData("two\r\nlines\tand a tab", "two\\u000d\\u000alines\\u0009and a tab")]
    [InlineData("gpj.\u202Etac\u2066", "gpj.\\u202etac\\u2066")]
    public void NamesShowWhatATerminalWouldObey(string name, string shown) => Assert.Equal(shown, PlainText.Of(name));

    [Fact]
    public void LinesKeepTheirEndsAndTabs() => Assert.Equal("a\tb\r\n\\u001b[2J\\u000dc\n", PlainText.OfLines("a\tb\r\n\u001b[2J\rc\n"));

    [Fact]
    public void APictureHasNoCharactersThatXmlForbids()
    {
        string svg = new Figure("a\u001b", [new ChartPanel("b\u0007<", "x\u0001", "y", [new ChartLine("c\u001b", [(1, 1), (2, 2)], LineStyle.Of(0))])]).ToSvg();
        Assert.DoesNotContain(svg, c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'));
        Assert.Contains(XDocument.Parse(svg).Descendants(), element => element.Value.Trim() == "b\\u0007<");
    }
}
