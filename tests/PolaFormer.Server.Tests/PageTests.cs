using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace PolaFormer.Server.Tests;

public sealed class PageTests(PageBrowser browser) : IClassFixture<PageBrowser>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task AChosenImageIsClassifiedAndItsAttentionShown(ColorScheme scheme)
    {
        IPage page = await browser.Open("/", scheme);
        await page.Locator("#file").SetInputFilesAsync(Checkout.Photograph("cat"));
        await Expect(page.Locator("#status")).ToContainTextAsync("cat");
        await Expect(page.Locator("#answers li")).ToHaveCountAsync(5);
        await Expect(page.Locator("#timing")).ToContainTextAsync("network");
        await PageBrowser.Picture(page, $"classes-{scheme}");
        string before = await Pixels(page);
        await page.Locator("#look").ClickAsync();
        await Expect(page.Locator("#layer-name")).ToContainTextAsync("1 of");
        string first = await Pixels(page);
        Assert.NotEqual(before, first);
        await page.Locator("#layer").FocusAsync();
        await page.Keyboard.PressAsync("End");
        string last = await Pixels(page);
        Assert.NotEqual(first, last);
        await page.Locator("#picture").ClickAsync(new LocatorClickOptions { Position = new Position { X = 40, Y = 40 } });
        await page.WaitForFunctionAsync("before => document.getElementById('picture').toDataURL() !== before", last);
        await PageBrowser.Picture(page, $"attention-{scheme}");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task ArrowKeysMoveTheQuery()
    {
        IPage page = await browser.Open("/");
        await page.Locator("#file").SetInputFilesAsync(Checkout.Photograph("cat"));
        await page.Locator("#look").ClickAsync();
        await Expect(page.Locator("#layers")).ToBeVisibleAsync();
        string before = await Pixels(page);
        await page.Locator("#picture").FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.WaitForFunctionAsync("before => document.getElementById('picture').toDataURL() !== before", before);
    }

    [Fact]
    public async Task AnImageMayBePastedAndDropped()
    {
        IPage page = await browser.Open("/");
        string photo = Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph("airplane")));
        const string send = """
            ([name, base64]) => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], 'a.jpg', { type: 'image/jpeg' }));
              document.dispatchEvent(name === 'paste' ? new ClipboardEvent(name, { clipboardData: transfer, bubbles: true }) : new DragEvent(name, { dataTransfer: transfer, bubbles: true }));
            }
            """;
        await page.EvaluateAsync(send, new[] { "paste", photo });
        await Expect(page.Locator("#status")).ToContainTextAsync("airplane");
        photo = Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph("cat")));
        await page.EvaluateAsync(send, new[] { "drop", photo });
        await Expect(page.Locator("#status")).ToContainTextAsync("cat");
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData("segmenter", "1 class")]
    [InlineData("detector", "10 objects")]
    public async Task MapsAndBoxesAreDrawnOverTheImage(string model, string said)
    {
        IPage page = await browser.Open("/");
        await page.Locator("#model").SelectOptionAsync(model);
        await page.Locator("#file").SetInputFilesAsync(Checkout.Photograph("cat"));
        await Expect(page.Locator("#status")).ToContainTextAsync(said);
        string answered = await Pixels(page);
        await PageBrowser.Picture(page, model);
        await page.Locator("#model").SelectOptionAsync("cifar");
        await Expect(page.Locator("#status")).ToContainTextAsync("cat");
        Assert.NotEqual(answered, await Pixels(page));
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task APairOfTextsIsClassified()
    {
        IPage page = await browser.Open("/");
        await page.Locator("#model").SelectOptionAsync("retrieval");
        await page.GetByLabel("Text", new PageGetByLabelOptions { Exact = true }).FillAsync("one");
        await page.GetByLabel("Second text").FillAsync("other");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answers li")).ToHaveCountAsync(2);
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task NothingIsCutOffOnAPhone(ColorScheme scheme)
    {
        IPage page = await browser.Open("/", scheme, width: 360, height: 740);
        await page.Locator("#file").SetInputFilesAsync(Checkout.Photograph("airplane"));
        await Expect(page.Locator("#status")).ToContainTextAsync("airplane");
        await page.Locator("#look").ClickAsync();
        await Expect(page.Locator("#layers")).ToBeVisibleAsync();
        await PageBrowser.Picture(page, $"phone-{scheme}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
    }

    [Fact]
    public async Task WhatIsNoImageIsTold()
    {
        IPage page = await browser.Open("/");
        await page.Locator("#file").SetInputFilesAsync(new FilePayload { Name = "a.png", MimeType = "image/png", Buffer = [1, 2, 3] });
        await Expect(page.Locator("#status")).ToContainTextAsync("cannot be read");
        await Expect(page.Locator("#status")).ToHaveClassAsync("wrong");
    }

    [Fact]
    public async Task AKeyIsAskedForWhereTheServerWantsOne()
    {
        const string key = "0123456789abcdef0123456789abcdef";
        await using RunningServer server = await RunningServer.StartAsync((options, folder) =>
        {
            File.WriteAllText(Path.Combine(folder, "keys"), key);
            return options with { ApiKeys = Path.Combine(folder, "keys") };
        });
        IPage page = await browser.Open(server.Address.ToString());
        await page.GetByLabel("API key").FillAsync(key);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#model option")).ToHaveCountAsync(1);
        await page.Locator("#file").SetInputFilesAsync(Checkout.Photograph("cat"));
        await Expect(page.Locator("#status")).ToContainTextAsync("cat");
        await Expect(page.Locator("#credentials")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task TheAddressesAreShown()
    {
        IPage page = await browser.Open("/api");
        await Expect(page.Locator("details").First).ToContainTextAsync("/v1/predict");
        await page.Locator("summary").First.ClickAsync();
        await Expect(page.Locator("details").First.Locator("pre").First).ToBeVisibleAsync();
        await PageBrowser.Picture(page, "api");
        Assert.Empty(browser.Complaints);
    }

    private static Task<string> Pixels(IPage page) => page.EvaluateAsync<string>("document.getElementById('picture').toDataURL()");
}
