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
        foreach (string ending in (string[])[".md", ".csv", ".tex", ".html", ".png", ".svg", ".pdf"])
            Assert.Contains(Path.Combine(_folder, "figure1" + ending), output, StringComparison.Ordinal);
        Assert.Equal(7, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public async Task FigureSixHasARowForEachShippedImage()
    {
        (int code, string output, string error) = await Polaformer.Run("reproduce", "figure6", "--output", _folder);
        Assert.True(code == 0, error);
        foreach (string name in (string[])["airplane.jpg", "automobile.jpg", "bird.jpg", "cat.jpg", "dog.jpg"])
            Assert.Contains(name, output, StringComparison.Ordinal);
        Assert.Equal(5 * 4, File.ReadLines(Path.Combine(_folder, "figure6.csv")).Count() - 1);
    }

    [Theory]
    [InlineData("lies outside the image", "reproduce", "figure1", "--query", "5000,1")]
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
