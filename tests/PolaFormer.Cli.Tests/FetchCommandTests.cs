namespace PolaFormer.Cli.Tests;

/// <summary>Files of the hub on the command line; PolaFormer.Hub.Tests fetches them from a server.</summary>
public sealed class FetchCommandTests : IDisposable
{
    private const string Address = "hf://owner/model/net.safetensors";

    private readonly string _cache = Directory.CreateTempSubdirectory("polaformer-fetch-").FullName;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public async Task AnAddressStandsForAFileOfTheCache()
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_cache, "owner", "model", "main")).FullName, "net.safetensors");
        File.Copy(Path.Combine(Polaformer.Root, "checkpoints", "polaformer_pp_photographs.safetensors"), path);
        (int code, string output, string error) = await Run("predict", "samples/images/airplane.jpg", "--checkpoint", Address, "--json");
        Assert.True(code == 0, error);
        Assert.Contains("airplane", output);
        (code, output, _) = await Run("fetch", Address);
        Assert.Equal((0, path), (code, output.Trim()));
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE forbids to fetch it", "fetch", Address)]
    [InlineData("HF_HUB_OFFLINE forbids to fetch it", "inspect", Address)]
    [InlineData("HF_HUB_OFFLINE forbids to ask for its files", "fetch", "pola_pvt_tiny")]
    [InlineData("an address on the hub is hf://OWNER/REPOSITORY/FILE", "predict", "samples/images/cat.jpg", "--checkpoint", "hf://owner")]
    public async Task WhatCannotBeFetchedIsOneLine(string problem, params string[] arguments)
    {
        (int code, _, string error) = await Run(arguments);
        Assert.Equal(1, code);
        Assert.Contains(problem, error);
        Assert.Equal('\n', Assert.Single(error, char.IsControl));
    }

    private Task<(int ExitCode, string Output, string Error)> Run(params string[] arguments) =>
        Polaformer.Run([("POLAFORMER_CACHE", _cache), ("HF_HUB_OFFLINE", "1")], arguments);
}
