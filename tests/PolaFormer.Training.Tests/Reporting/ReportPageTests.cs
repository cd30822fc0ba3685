using Microsoft.Playwright;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Training.Tests.Reporting;

/// <summary>The report in a browser: the system's Chromium, nothing is fetched.</summary>
public sealed class ReportPageTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ReportBrowser _browser = new();

    public ValueTask InitializeAsync() => _browser.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task EveryCurveIsDrawn()
    {
        IPage page = await Open(isAveraged: true);
        Assert.Equal(5, await page.Locator("canvas").CountAsync());
        Assert.Empty(_browser.Complaints);
        foreach (string colour in (string[])["train", "val", "ema"])
            Assert.True(await PixelsOf(page, chart: 1, colour) > 100, $"The accuracy chart shows no {colour} curve.");
        for (int chart = 0; chart < 5; chart++)
            Assert.True(await PixelsOf(page, chart, "train") > 50, $"Chart {chart} shows no curve.");
    }

    [Fact]
    public async Task CurvesAreDrawnInTheDarkToo()
    {
        IPage page = await Open(isAveraged: false, ColorScheme.Dark);
        Assert.Equal("rgb(20, 22, 26)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.True(await PixelsOf(page, chart: 0, "train") > 100);
        await page.Locator("#theme").ClickAsync();
        Assert.Equal("rgb(246, 247, 249)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.True(await PixelsOf(page, chart: 0, "train") > 100);
    }

    [Fact]
    public async Task ThePointerShowsTheValuesOfEveryChart()
    {
        IPage page = await Open(isAveraged: false);
        await page.Locator(".u-over").First.HoverAsync(new LocatorHoverOptions { Position = new Position { X = 5, Y = 50 } });
        Assert.Contains("1.5000", await page.Locator(".u-legend").First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("25.00 %", await page.Locator(".u-legend").Nth(1).InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRunTellsWhenWhereAndByWhatItWasStarted()
    {
        RunRecord start = SampleRun.Log(isAveraged: false).Run with { Environment = new RunEnvironment("2026-01-02T03:04:05+00:00", "a processor", "PolaFormer 1", "polaformer train <b>", 7, "cpu") };
        IPage page = await Open(SampleRun.Log(isAveraged: false) with { Run = start, Starts = 3, FirstStarted = "2026-01-01T00:00:00+00:00" });
        string facts = await page.Locator("#facts").InnerTextAsync();
        foreach (string fact in (string[])["2026-01-01T00:00:00+00:00, continued 2 times", "3 starts", "polaformer train <b>", "a processor", "PolaFormer 1"])
            Assert.Contains(fact, facts, StringComparison.Ordinal);
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task TextIsShownAsItIs()
    {
        IPage page = await Open(isAveraged: false);
        Assert.Equal("sample_net", await page.Locator("h1").InnerTextAsync());
        Assert.Contains("</script><b>dog", await page.Locator("#classes").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("NAME: sample_net", await page.Locator("#configuration").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(3, await page.Locator("#epochs tbody tr").CountAsync());
    }

    [Fact]
    public async Task ARunThatHasJustStartedHasAPageToo()
    {
        IPage page = await Open(new RunLog(RunRecord.From(SampleRun.Start()), new StepCurves(), [], End: null));
        Assert.Equal("sample_net", await page.Locator("h1").InnerTextAsync());
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task ANaNLossIsShown()
    {
        RunLog log = SampleRun.Log(isAveraged: false);
        IPage page = await Open(log with { Epochs = [log.Epochs[0], log.Epochs[1] with { Loss = double.NaN, TrainLoss = double.PositiveInfinity }] });
        Assert.Equal(2, await page.Locator("#epochs tbody tr").CountAsync());
        Assert.Contains("NaN", await page.Locator("#epochs tbody").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task WhatIsMeasuredInNoEpochHasNoColumn()
    {
        RunLog log = SampleRun.Log(isAveraged: false);
        IPage page = await Open(log with { Epochs = [.. log.Epochs.Select(epoch => epoch with { Loss = double.NaN })] });
        string head = await page.Locator("#epochs thead").InnerTextAsync();
        Assert.Contains("train loss", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("val loss", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("NaN", await page.Locator("#figures").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(_browser.Complaints);
    }

    private Task<IPage> Open(bool isAveraged, ColorScheme scheme = ColorScheme.Light) => Open(SampleRun.Log(isAveraged), scheme);

    private Task<IPage> Open(RunLog log, ColorScheme scheme = ColorScheme.Light)
    {
        string path = _folder["report.html"];
        HtmlReport.Write(path, log);
        return _browser.Open(path, scheme);
    }

    // How many pixels of a chart have exactly the colour of a kind of curve.
    private static Task<int> PixelsOf(IPage page, int chart, string colour) => page.EvaluateAsync<int>(
        """
        ([chart, colour]) => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = `var(--${colour})`;
          const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
          const canvas = document.querySelectorAll("canvas")[chart];
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            count += data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255 ? 1 : 0;
          return count;
        }
        """, new object[] { chart, colour });
}
