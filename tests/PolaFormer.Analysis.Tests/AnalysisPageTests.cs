using Microsoft.Playwright;
using PolaFormer.Analysis.Report;
using PolaFormer.Training.Tests.Reporting;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Tests;

/// <summary>A report on attention in a browser.</summary>
public sealed class AnalysisPageTests : IAsyncLifetime
{
    private readonly ReportBrowser _browser = new();
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.html");

    public ValueTask InitializeAsync() => _browser.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task TextPicturesTablesAndChartsAreShown(ColorScheme scheme)
    {
        using var image = new Image(8, 8, new byte[8 * 8 * 3]);
        var section = new ReportSection("A <b>section</b>")
        {
            Text = "What it shows.",
            Pictures = [new("a caption", image)],
            Table = new(["name", "value"], [["one", "1"], ["two", "2"]]),
            Charts = [new("plain", "x", "y", [1, 2, 3], [new("line", [1, null, 2])]), new("logarithmic", "x", "y", [1, 10, 100], [new("a", [1, 10, 100]), new("b", [3, 2, 1])], IsLogarithmic: true)],
        };
        new AnalysisReport("A title", "a subtitle", [section]).Write(_path);

        IPage page = await _browser.Open(_path, scheme);
        Assert.Equal("A <b>section</b>", await page.Locator("h2").InnerTextAsync());
        Assert.Equal(2, await page.Locator("tbody tr").Filter(new() { HasText = "o" }).CountAsync());
        Assert.Equal(2, await page.Locator("canvas").CountAsync());
        Assert.Equal(8, await page.EvaluateAsync<int>("document.querySelector('figure img').naturalWidth"));
        Assert.Empty(_browser.Complaints);
    }
}
