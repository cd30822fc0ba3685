namespace PolaFormer.Cli.Tests;

public sealed class ReproduceCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AFigureOfAnImageIsWrittenInEveryFormat()
    {
        (int code, string output, string error) = await Polaformer.Run("reproduce", "figure1", "--image", Path.Combine("samples", "images", "cat.jpg"), "--output", _folder);
        Assert.True(code == 0, error);
        foreach (string ending in (string[])[".md", ".csv", ".tex", ".html", ".png"])
            Assert.Contains(Path.Combine(_folder, "figure1" + ending), output, StringComparison.Ordinal);
        Assert.Equal(5, Directory.GetFiles(_folder).Length);
    }

    [Theory]
    [InlineData("--image", "reproduce", "figure3")]
    [InlineData("listopz", "reproduce", "table6", "--tasks", "listopz")]
    [InlineData("Table 6 has no mechanism 'hydra'", "reproduce", "table6", "--mechanisms", "hydra")]
    public async Task WhatIsMissingOrUnknownIsNamed(string named, params string[] arguments)
    {
        (int code, _, string error) = await Polaformer.Run([.. arguments, "--output", _folder]);
        Assert.NotEqual(0, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
