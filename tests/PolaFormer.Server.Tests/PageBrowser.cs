using Microsoft.Playwright;

namespace PolaFormer.Server.Tests;

/// <summary>The system's Chromium for the pages of a server.</summary>
public sealed class PageBrowser : IAsyncLifetime
{
    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private RunningServer? _server;

    /// <summary>What scripts say or throw, what the policy forbids, and whatever is asked for beside the server.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Where the server is.</summary>
    internal Uri Address => _server!.Address;

    public async ValueTask InitializeAsync()
    {
        if (s_browsers.FirstOrDefault(File.Exists) is not { } path)
            return;
        _server = await RunningServer.StartAsync(RunningServer.WithEveryTask);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>Opens a page of the server; without a browser the test is skipped.</summary>
    internal async Task<IPage> Open(string path, ColorScheme scheme = ColorScheme.Light, int width = 1100, int height = 800)
    {
        Assert.SkipUnless(_browser is not null, "There is no Chromium: apt-get install chromium");
        IPage page = await _browser!.NewPageAsync(new BrowserNewPageOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height } });
        Complaints.Clear();
        page.Console += (_, message) => Complaints.Add(message.Text);
        page.PageError += (_, error) => Complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Address.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                Complaints.Add(request.Url);
        };
        await page.GotoAsync(new Uri(Address, path).ToString());
        return page;
    }

    /// <summary>Takes a picture of a page where POLAFORMER_SCREENSHOTS names a folder.</summary>
    internal static async Task Picture(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("POLAFORMER_SCREENSHOTS") is { } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}
