using System.Net;

namespace PolaFormer.Cli.Tests;

/// <summary><c>predict</c> with addresses on the web.</summary>
public sealed class WebImageTests : IDisposable
{
    private readonly HttpListener _server = new();
    private readonly string _address;

    public WebImageTests()
    {
        // A port that was free a moment ago may be taken.
        for (int port = 41_000; ; port++)
        {
            try
            {
                _server.Prefixes.Clear();
                _server.Prefixes.Add(_address = $"http://127.0.0.1:{port}/");
                _server.Start();
                break;
            }
            catch (HttpListenerException) when (port < 42_000)
            {
            }
        }

        _ = Serve();
    }

    public void Dispose() => _server.Close();

    [Fact]
    public async Task AnAddressIsFetchedAndNamed()
    {
        (int code, string output, string error) = await Polaformer.Run("predict", $"{_address}moved/airplane.jpg", "--top", "1");
        Assert.True(code == 0, error);
        Assert.StartsWith($"{_address}moved/airplane.jpg", output, StringComparison.Ordinal);
        Assert.Contains("airplane\n", output[_address.Length..]);
    }

    [Fact]
    public async Task WhatCannotBeFetchedIsOneLineAndTheOthersFollow()
    {
        (int code, string output, string error) = await Polaformer.Run("predict", $"{_address}missing.jpg", $"{_address}page.html", "samples/images/bird.jpg");
        Assert.Equal(1, code);
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("127.0.0.1 answers 404", lines[0]);
        Assert.StartsWith($"polaformer: {_address}page.html: not a JPEG", lines[1], StringComparison.Ordinal);
        Assert.Contains("bird.jpg", output);
    }

    [Fact]
    public async Task OfflineNothingIsAsked()
    {
        (int code, _, string error) = await Polaformer.Run([("HF_HUB_OFFLINE", "1")], ["predict", $"{_address}airplane.jpg"]);
        Assert.Equal(1, code);
        Assert.Contains("HF_HUB_OFFLINE forbids", error);
    }

    private async Task Serve()
    {
        while (_server.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _server.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            string path = context.Request.Url!.AbsolutePath;
            if (path == "/moved/airplane.jpg")
                context.Response.Redirect("/airplane.jpg");
            else if (path == "/airplane.jpg")
                await context.Response.OutputStream.WriteAsync(File.ReadAllBytes(Path.Combine(Polaformer.Root, "samples", "images", "airplane.jpg")));
            else if (path == "/page.html")
                await context.Response.OutputStream.WriteAsync("<html></html>"u8.ToArray());
            else
                context.Response.StatusCode = 404;
            context.Response.Close();
        }
    }
}
