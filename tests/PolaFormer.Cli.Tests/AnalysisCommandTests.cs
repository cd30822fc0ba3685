using System.Text.Json;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Tests;

/// <summary>The commands that look into attention, with the shipped network.</summary>
public sealed class AnalysisCommandTests : IDisposable
{
    private static readonly string s_image = Path.Combine("samples", "images", "cat.jpg");

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AttentionDrawsThePictureOfEveryLayer()
    {
        string picture = InFolder("attention.png"), report = InFolder("attention.html");
        (int code, string output, string error) = await Polaformer.Run("attention", s_image, "--query", "100,80", "-o", picture, "--html", report, "--json");
        Assert.True(code == 0, error);
        JsonElement[] panels = [.. JsonDocument.Parse(output).RootElement.GetProperty("panels").EnumerateArray()];
        Assert.Equal(2, panels.Length);
        Assert.Equal(16 * 16, panels[0].GetProperty("weights").GetArrayLength());
        using Image image = ImageDecoder.Decode(picture, ImageDecodeOptions.Photograph);
        Assert.InRange(image.Width, 3 * 400, 4 * 400);
        Assert.Contains("data:image/png", await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AttentionSetsOtherMechanismsBesideTheLayersOwn()
    {
        (int code, string output, _) = await Polaformer.Run("attention", s_image, "--layer", "1", "--head", "2", "--mechanisms", "softmax,elu", "-o", InFolder("a.png"), "--json");
        Assert.Equal(0, code);
        Assert.Equal(3, JsonDocument.Parse(output).RootElement.GetProperty("panels").GetArrayLength());
    }

    [Fact]
    public async Task RolloutIsADistributionOverTheFirstGrid()
    {
        (int code, string output, _) = await Polaformer.Run("attention", s_image, "--rollout", "-o", InFolder("rollout.png"), "--json");
        Assert.Equal(0, code);
        double[] shares = [.. JsonDocument.Parse(output).RootElement.GetProperty("panels")[0].GetProperty("weights").EnumerateArray().Select(share => share.GetDouble())];
        Assert.Equal(16 * 16, shares.Length);
        Assert.Equal(1, shares.Sum(), 1e-4);
    }

    [Fact]
    public async Task RolloutOfAClassAndGradCamAreOfTheClassThatIsNamed()
    {
        (int code, string output, string error) = await Polaformer.Run("attention", s_image, "--grad-cam", "--class", "cat", "-o", InFolder("cam.svg"), "--json");
        Assert.True(code == 0, error);
        Assert.All(WeightsOf(output), weight => Assert.True(weight >= 0));
        (code, output, error) = await Polaformer.Run("attention", s_image, "--rollout", "--class", "cat", "-o", InFolder("cat.pdf"), "--json");
        Assert.True(code == 0, error);
        double[] cat = WeightsOf(output);
        Assert.Equal(1, cat.Sum(), 1e-4);
        (_, output, _) = await Polaformer.Run("attention", s_image, "--rollout", "--class", "0", "-o", InFolder("zero.png"), "--json");
        Assert.NotEqual(cat, WeightsOf(output));
    }

    [Fact]
    public async Task AFolderGivesTheMeanOverItsImages()
    {
        string folder = Path.GetDirectoryName(s_image)!;
        (int code, string output, string error) = await Polaformer.Run("attention", folder, "--images", "2", "--layer", "1", "-o", InFolder("a.png"), "--csv", InFolder("a.csv"), "--latex", InFolder("a.tex"), "--npz", InFolder("a.npz"));
        Assert.True(code == 0, error);
        Assert.Contains("± over images", output, StringComparison.Ordinal);
        Assert.Equal(1 + (16 * 16), File.ReadLines(InFolder("a.csv")).Count());
        Assert.Contains("\\toprule", await File.ReadAllTextAsync(InFolder("a.tex"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True(new FileInfo(InFolder("a.npz")).Length > 0);
    }

    [Fact]
    public async Task EntropyLiesBetweenZeroAndThatOfEqualWeights()
    {
        (int code, string output, _) = await Polaformer.Run("entropy", s_image, "--rows", "4", "--json");
        Assert.Equal(0, code);
        JsonElement[] profiles = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.All(profiles, profile => Assert.InRange(profile.GetProperty("entropy").GetDouble(), 0, profile.GetProperty("uniform").GetDouble() + 1e-6));
    }

    [Fact]
    public async Task TheLocalTermRaisesTheRankOfAttention()
    {
        (int code, string output, _) = await Polaformer.Run("gates", s_image, "--rank-tokens", "64", "--html", InFolder("gates.html"), "--json");
        Assert.Equal(0, code);
        JsonElement[] layers = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(JsonValueKind.Null, layers[0].GetProperty("rank").ValueKind);
        Assert.All(layers[1..], layer => Assert.True(layer.GetProperty("rank_with_local").GetDouble() > layer.GetProperty("rank").GetDouble()));
        Assert.All(layers[0].GetProperty("correlations").EnumerateArray(), correlation => Assert.InRange(correlation.GetDouble(), -1, 1));
    }

    [Fact]
    public async Task CompareMeasuresEachMechanismAtEachLength()
    {
        string plot = InFolder("plot.svg");
        (int code, string output, _) = await Polaformer.Run("compare", "--mechanisms", "softmax,elu", "--tokens", "16,49", "--plot", plot, "--json");
        Assert.Equal(0, code);
        JsonElement[] results = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(4, results.Length);
        Assert.All(results, result => Assert.True(result.GetProperty("milliseconds").GetDouble() > 0));
        Assert.Contains("<svg", await File.ReadAllTextAsync(plot, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompareLeavesOutWhatWouldNotFit()
    {
        (int code, string output, _) = await Polaformer.Run("compare", "--mechanisms", "elu", "--tokens", "784", "--memory", "0.000001", "--json");
        Assert.Equal(0, code);
        Assert.StartsWith("declares", JsonDocument.Parse(output).RootElement[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--query", "5000,1")]
    [InlineData("--query", "nowhere")]
    [InlineData("--layer", "99")]
    [InlineData("--layer", "1", "--head", "9")]
    [InlineData("--mechanisms", "unheard-of")]
    [InlineData("--rollout", "--layer", "1")]
    [InlineData("--rollout", "--grad-cam")]
    [InlineData("--class", "cat")]
    [InlineData("--grad-cam", "--class", "unheard-of")]
    public async Task WhatCannotBeDrawnIsAnErrorOfOneLineAndNoFile(params string[] options)
    {
        string picture = InFolder("attention.png");
        (int code, _, string error) = await Polaformer.Run(["attention", s_image, "-o", picture, .. options]);
        Assert.NotEqual(0, code);
        Assert.StartsWith("polaformer: ", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
        Assert.False(File.Exists(picture));
    }

    private static double[] WeightsOf(string output) => [.. JsonDocument.Parse(output).RootElement.GetProperty("panels")[0].GetProperty("weights").EnumerateArray().Select(weight => weight.GetDouble())];

    private string InFolder(string name) => Path.Combine(_folder, name);
}
