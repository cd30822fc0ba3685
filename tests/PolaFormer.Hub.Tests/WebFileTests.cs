using System.Net;
using System.Net.Sockets;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Hub.Tests;

/// <summary>Files of the web are bounded, and what goes wrong is one line.</summary>
public sealed class WebFileTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public WebFileTests() => _server.Start();

    private string Address => $"http://127.0.0.1:{((IPEndPoint)_server.LocalEndpoint).Port}/file";

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task AFileIsFetched()
    {
        Task answer = Answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        Assert.Equal("hello"u8.ToArray(), await WebFile.Fetch(Address, 5, stop: TestContext.Current.CancellationToken));
        await answer;
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", "it has 6 bytes, and at most 5 are fetched")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello!", "more than 5 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "it ")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answers 403 Forbidden")]
    [InlineData("SSH-2.0-server\r\n", "it cannot be fetched")]
    public async Task WhatGoesWrongIsSaid(string response, string problem)
    {
        Task answer = Answer(response);
        FileException error = await Assert.ThrowsAsync<FileException>(() => WebFile.Fetch(Address, 5, stop: TestContext.Current.CancellationToken));
        Assert.StartsWith(Address, error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message);
        await answer;
    }

    [Fact]
    public async Task WithoutANetworkNothingIsAsked() =>
        Assert.Contains("HF_HUB_OFFLINE", (await Assert.ThrowsAsync<FileException>(() => WebFile.Fetch(Address, 5, isOffline: true, TestContext.Current.CancellationToken))).Message);

    [Theory]
    [InlineData("http://example.org/cat.jpg", true)]
    [InlineData("HTTPS://example.org/cat.jpg", true)]
    [InlineData("hf://owner/model/file", false)]
    [InlineData("http.jpg", false)]
    public void AnAddressBeginsWithItsScheme(string text, bool isAddress) => Assert.Equal(isAddress, WebFile.IsAddress(text));

    // One answer, then the connection ends.
    private async Task Answer(string response)
    {
        using TcpClient client = await _server.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        byte[] request = new byte[4096];
        _ = await stream.ReadAsync(request);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(response));
    }
}
