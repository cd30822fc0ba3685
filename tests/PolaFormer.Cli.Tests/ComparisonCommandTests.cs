using System.Text.Json;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary>The commands that compare networks by images: <c>analyze compare --train</c> and <c>analyze embeddings</c>.</summary>
public sealed class ComparisonCommandTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 4, evaluationPerClass: 2);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task EachMechanismIsTrainedWithEachSeedAndFoundAgain()
    {
        string[] command = ["analyze", "compare", "--train", "--data", _images.Path, "--mechanisms", "softmax,polarity++", "--seeds", "2", "-o", _folder];
        string[] opts = ["--opts", "DATA.BATCH_SIZE", "4", "TRAIN.EPOCHS", "1"];
        (int code, string output, string error) = await Polaformer.Run([.. command, "--json", .. opts]);
        Assert.True(code == 0, error);
        JsonElement[] runs = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(["softmax 0", "softmax 1", "polarity++ 0", "polarity++ 1"], runs.Select(run => $"{run.GetProperty("mechanism").GetString()} {run.GetProperty("seed").GetInt32()}"));
        string plot = Path.Combine(_folder, "curves.svg"), csv = Path.Combine(_folder, "runs.csv");
        (code, string again, error) = await Polaformer.Run([.. command, "--plot", plot, "--csv", csv, .. opts]);
        Assert.True(code == 0, error);
        Assert.Contains("± 95 %", again, StringComparison.Ordinal);
        Assert.True(File.Exists(plot));
        Assert.Equal(runs.Select(run => run.GetProperty("best_top1").GetDouble()), File.ReadLines(csv).Skip(1).Select(line => double.Parse(line.Split(',')[3], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task EmbeddingsAreJudgedByNeighboursAndAProbe()
    {
        string map = Path.Combine(_folder, "map.svg"), arrays = Path.Combine(_folder, "e.npz"), page = Path.Combine(_folder, "e.html");
        (int code, string output, string error) = await Polaformer.Run("analyze", "embeddings", "--data", _images.Path, "--k", "3", "--plot", map, "--npz", arrays, "--html", page, "--json");
        Assert.True(code == 0, error);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal((12, 6, 3), (result.GetProperty("images_known").GetInt32(), result.GetProperty("images_asked").GetInt32(), result.GetProperty("k").GetInt32()));
        Assert.True(result.GetProperty("linear_probe").GetDouble() > 0.6);
        Assert.True(File.Exists(map) && File.Exists(arrays) && File.Exists(page));
        (code, output, error) = await Polaformer.Run("analyze", "embeddings", "--data", _images.Path, "--map", "tsne", "--plot", map, "--json");
        Assert.True(code == 0, error);
        Assert.InRange(JsonDocument.Parse(output).RootElement.GetProperty("divergence").GetDouble(), 0, 2);
        Assert.Contains("t-SNE", await File.ReadAllTextAsync(map, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainingWithoutImagesIsAnErrorOfOneLine()
    {
        (int code, _, string error) = await Polaformer.Run("analyze", "compare", "--train");
        Assert.NotEqual(0, code);
        Assert.Contains("--data", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }
}
