using Microsoft.Playwright;

namespace PolaFormer.Training.Tests.Reporting;

/// <summary>The system's Chromium for a page of ours, from which nothing is fetched.</summary>
internal sealed class ReportBrowser : IAsyncLifetime
{
    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>What a page's scripts say or throw, and whatever it asks for beside itself.</summary>
    public List<string> Complaints { get; } = [];

    public async ValueTask InitializeAsync()
    {
        string? path = s_browsers.FirstOrDefault(File.Exists);
        if (path is null)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens a page; without a browser the test is skipped.</summary>
    public async Task<IPage> Open(string path, ColorScheme scheme = ColorScheme.Light)
    {
        Assert.SkipUnless(_browser is not null, "There is no Chromium: apt-get install chromium");
        IPage page = await _browser!.NewPageAsync(new BrowserNewPageOptions { ColorScheme = scheme });
        page.Console += (_, message) => Complaints.Add(message.Text);
        page.PageError += (_, error) => Complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (request.Url != new Uri(path).AbsoluteUri && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                Complaints.Add(request.Url);
        };
        await page.GotoAsync(new Uri(path).AbsoluteUri);
        return page;
    }
}
