using System.Text.Json;
using PolaFormer.Training.Tests;

namespace PolaFormer.Cli.Tests;

/// <summary><c>train --data FOLDER</c> and no more.</summary>
public sealed class FolderTrainingTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 6, evaluationPerClass: 2);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AFolderOfClassesIsEnough()
    {
        (int code, string output, string error) = await Train(Path.Combine(_images.Path, "train"), "--epochs", "1", "--val-split", "0.34", "--seed", "3");
        Assert.True(code == 0, error);
        Assert.Contains("3 classes, 12 images to train on, 6 to evaluate on, divided by DATA.HOLD_OUT and SEED 3", output);
        Assert.Contains("Started from", output);
        Assert.Contains($"epoch 1: {Path.Combine(_folder, "best.safetensors")}", output);
        Assert.Contains($"Next: polaformer predict --checkpoint {Path.Combine(_folder, "best.safetensors")} IMAGE", output);
        Assert.Contains("few images: blue has 4", error);
        Assert.True(File.Exists(Path.Combine(_folder, "report.html")));
        (code, output, error) = await Polaformer.Run("predict", "--checkpoint", Path.Combine(_folder, "best.safetensors"), Path.Combine(_images.Path, "val", "red"), "--json");
        Assert.True(code == 0, error);
        Assert.Contains("green", output);
    }

    [Fact]
    public async Task FoldersForBothSplitsAreTakenAsTheyAre()
    {
        (int code, string output, string error) = await Train(_images.Path, "--epochs", "1");
        Assert.True(code == 0, error);
        Assert.Contains("3 classes, 18 images to train on, 6 to evaluate on\n", output);
    }

    [Fact]
    public async Task TheSearchForARateWritesItsCurve()
    {
        (int code, string output, string error) = await Train(_images.Path, "--find-lr", "--json");
        Assert.True(code == 0, error);
        using JsonDocument found = JsonDocument.Parse(output);
        Assert.True(found.RootElement.GetProperty("proposed").GetDouble() > 0);
        Assert.StartsWith("rate,loss\n", File.ReadAllText(Path.Combine(_folder, "learning-rates.csv")), StringComparison.Ordinal);
        Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(_folder, "learning-rates.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingFolderIsSaidToBeMissing()
    {
        (int code, _, string error) = await Train(Path.Combine(_images.Path, "nowhere"));
        Assert.Equal(1, code);
        Assert.Contains("nowhere: there is no such folder.", error);
        (code, _, error) = await Train(Path.Combine(_images.Path, "train", "red", "001.bmp"));
        Assert.Equal(1, code);
        Assert.Contains("001.bmp: it is a file, and recipes are made for folders.", error);
    }

    [Fact]
    public async Task ARunThatIsContinuedKeepsItsBatches()
    {
        (int code, _, string error) = await Train(_images.Path, "--epochs", "1", "--batch", "6");
        Assert.True(code == 0, error);
        (code, _, error) = await Train(_images.Path, "--epochs", "2");
        Assert.True(code == 0, error);
        Assert.Contains("BATCH_SIZE: 6", File.ReadAllText(Path.Combine(_folder, "config.yaml")));
    }

    private Task<(int ExitCode, string Output, string Error)> Train(string data, params string[] options) =>
        Polaformer.Run(["train", "--data", data, "--output", _folder, .. options, "--opts", "DATA.IMG_SIZE", "32"]);
}
