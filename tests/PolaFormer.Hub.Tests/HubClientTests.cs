using PolaFormer.Files;

namespace PolaFormer.Hub.Tests;

public sealed class HubClientTests : IDisposable
{
    private static readonly HubAddress s_address = HubAddress.Parse("hf://owner/model/weights/net.safetensors");

    private readonly HubServer _server = new();
    private readonly string _cache = Directory.CreateTempSubdirectory("polaformer-hub-").FullName;
    private readonly byte[] _file = new byte[300_000];

    public HubClientTests()
    {
        new Random(1).NextBytes(_file);
        _server.Files["weights/net.safetensors"] = _file;
        _server.Files["README.md"] = "# model"u8.ToArray();
    }

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_cache, recursive: true);
    }

    [Fact]
    public async Task AFileIsFetchedOnceAndThenTakenFromTheCache()
    {
        using HubClient client = Client();
        string path = await client.Fetch(s_address, stop: TestContext.Current.CancellationToken);
        Assert.Equal(_file, File.ReadAllBytes(path));
        int asked = _server.Requests.Count;
        Assert.Equal(path, await client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Equal(asked, _server.Requests.Count);
        Assert.Equal(["net.safetensors"], Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public async Task AConnectionThatBreaksOffIsTakenUpWhereItEnded()
    {
        _server.Breaks = 2;
        using HubClient client = Client();
        string path = await client.Fetch(s_address, stop: TestContext.Current.CancellationToken);
        Assert.Equal(_file, File.ReadAllBytes(path));
        Assert.Contains(_server.Requests, request => request.StartsWith("/store/", StringComparison.Ordinal) && request.Contains("bytes=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatCameBeforeAnErrorIsKeptForTheNextCommand()
    {
        _server.Breaks = 1;
        using (HubClient once = Client(attempts: 1))
        {
            var error = await Assert.ThrowsAsync<FileException>(() => once.Fetch(s_address, stop: TestContext.Current.CancellationToken));
            Assert.Contains("the same command goes on", error.Message, StringComparison.Ordinal);
        }

        int before = _server.Requests.Count;
        using HubClient again = Client();
        Assert.Equal(_file, File.ReadAllBytes(await again.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
        Assert.Contains(_server.Requests.Skip(before), request => request.Contains("bytes=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PartsOfAnotherVersionAreThrownAway()
    {
        _server.Breaks = 1;
        using (HubClient once = Client(attempts: 1))
            await Assert.ThrowsAsync<FileException>(() => once.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        byte[] changed = [.. _file.Reverse()];
        _server.Files["weights/net.safetensors"] = changed;
        using HubClient again = Client();
        Assert.Equal(changed, File.ReadAllBytes(await again.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task AServerWithoutRangesSendsTheWholeFileAgain()
    {
        (_server.Breaks, _server.IgnoresRanges) = (1, true);
        using HubClient client = Client();
        Assert.Equal(_file, File.ReadAllBytes(await client.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task AConnectionOnWhichNothingComesIsTakenUpAnew()
    {
        _server.Stalls = 1;
        using var client = new HubClient(Options() with { StallTimeout = TimeSpan.FromSeconds(3) });
        Assert.Equal(_file, File.ReadAllBytes(await client.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
        Assert.Contains(_server.Requests, request => request.Contains("bytes=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AServerThatSendsNothingMoreIsNamed()
    {
        _server.Stalls = int.MaxValue;
        using var client = new HubClient(Options() with { Attempts = 2, StallTimeout = TimeSpan.FromMilliseconds(100) });
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Contains("nothing came for 0.1 seconds", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARangeThatBeginsElsewhereIsNotPutBehindWhatCame()
    {
        (_server.Breaks, _server.RangeShift) = (1, 7);
        using HubClient client = Client();
        Assert.Equal(_file, File.ReadAllBytes(await client.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task AServerThatRefusesEveryRangeIsNotAskedForEver()
    {
        _server.RefusesRanges = true;
        using HubClient client = Client();
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Contains("answers 416", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACircleOfRedirectsIsNotFollowedForEver()
    {
        _server.RedirectsInACircle = true;
        using HubClient client = Client();
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Contains("redirects too often", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongChecksumLeavesNoFile()
    {
        _server.Tag = new string('a', 64);
        using HubClient client = Client();
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Contains("its checksum is", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(client.PathOf(s_address)));
    }

    [Fact]
    public async Task TheNumberOfGitsObjectIsAChecksumToo()
    {
        // git hash-object of the seven bytes "# model".
        _server.Tag = Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData("blob 7\0# model"u8));
        using HubClient client = Client();
        Assert.Equal("# model", File.ReadAllText(await client.Fetch(HubAddress.Parse("hf://owner/model/README.md"), stop: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task AFileThatIsNotThereIsAnsweredWithThoseThatAre()
    {
        using HubClient client = Client();
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(HubAddress.Parse("hf://owner/model/none.pth"), stop: TestContext.Current.CancellationToken));
        Assert.Contains("The repository holds README.md, weights/net.safetensors", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(HubAddress.Parse("hf://owner/other/none.pth"), stop: TestContext.Current.CancellationToken));
        Assert.Contains("no such repository or file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTokenGoesToTheHub()
    {
        _server.Token = "secret";
        using (HubClient stranger = Client())
        {
            var error = await Assert.ThrowsAsync<FileException>(() => stranger.Fetch(s_address, stop: TestContext.Current.CancellationToken));
            Assert.Contains("Set HF_TOKEN", error.Message, StringComparison.Ordinal);
        }

        using var client = new HubClient(Options() with { Token = "secret" });
        Assert.Equal(_file, File.ReadAllBytes(await client.Fetch(s_address, stop: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task OfflineOnlyTheCacheIsUsed()
    {
        using var offline = new HubClient(Options() with { IsOffline = true });
        var error = await Assert.ThrowsAsync<FileException>(() => offline.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Contains("HF_HUB_OFFLINE", error.Message, StringComparison.Ordinal);
        using HubClient client = Client();
        string path = await client.Fetch(s_address, stop: TestContext.Current.CancellationToken);
        int asked = _server.Requests.Count;
        Assert.Equal(path, await offline.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Fact]
    public async Task WithoutANetworkItIsOneLine()
    {
        _server.Dispose();
        using HubClient client = Client(attempts: 2);
        var error = await Assert.ThrowsAsync<FileException>(() => client.Fetch(s_address, stop: TestContext.Current.CancellationToken));
        Assert.StartsWith("hf://owner/model/weights/net.safetensors: the connection to 127.0.0.1 fails", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task ProgressCountsToTheEnd()
    {
        var seen = new List<HubProgress>();
        using HubClient client = Client();
        await client.Fetch(s_address, progress: new Listener(seen), stop: TestContext.Current.CancellationToken);
        Assert.Equal(new HubProgress(_file.Length, _file.Length), seen[^1]);
    }

    private HubClient Client(int attempts = 4) => new(Options() with { Attempts = attempts });

    private HubOptions Options() => new() { Endpoint = _server.Address, Cache = _cache, Pause = TimeSpan.FromMilliseconds(1) };

    private sealed class Listener(List<HubProgress> seen) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => seen.Add(value);
    }
}
